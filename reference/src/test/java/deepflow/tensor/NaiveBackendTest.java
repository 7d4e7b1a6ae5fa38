package deepflow.tensor;

/// The oracle keeps the laws too; compared with itself it can break no bound.
class NaiveBackendTest extends BackendConformance {
    NaiveBackendTest() {
        super(new NaiveBackend());
    }
}
