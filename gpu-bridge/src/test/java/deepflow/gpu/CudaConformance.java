package deepflow.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.gpu.simulator.Simulator;
import deepflow.tensor.BackendConformance;
import deepflow.tensor.DType;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterTry;

/// The conformance suite on a GPU, and how many cases it had.
abstract class CudaConformance extends BackendConformance {
    private static final Map<DType, CudaBackend> OPEN = new EnumMap<>(DType.class);
    private static int cases;

    CudaConformance(DType type) {
        super(shared(type));
    }

    /// The simulator adds up in the reference's order; cuBLAS has its own.
    @Override
    protected boolean keepsOrderOfProducts() {
        return !Gpus.REAL;
    }

    /// One back end for all properties of a class.
    private static CudaBackend shared(DType type) {
        return OPEN.computeIfAbsent(type, t -> {
            if (!Gpus.REAL) {
                Gpus.simulator();
            }
            return Gpus.open(t);
        });
    }

    @AfterTry
    void count() {
        cases++;
    }

    @AfterContainer
    static void report() {
        OPEN.forEach((type, b) -> System.out.println(
                "Conformance of " + b.name() + " on " + b.device().name() + ": " + cases + " cases."));
        OPEN.values().forEach(CudaBackend::close);
        OPEN.clear();
        cases = 0;
        if (!Gpus.REAL) {
            assertEquals(List.of(), Simulator.install().journal(), "what the simulator saw");
            assertEquals(List.of(), Simulator.install().leaks());
        }
    }
}
