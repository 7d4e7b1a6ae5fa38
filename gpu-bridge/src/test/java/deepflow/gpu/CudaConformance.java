package deepflow.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.gpu.simulator.Simulator;
import deepflow.tensor.BackendConformance;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.Nullable;

/// The conformance suite on a GPU, and how many cases it had.
abstract class CudaConformance extends BackendConformance {
    private static @Nullable CudaBackend open;
    private static int cases;

    CudaConformance(Supplier<CudaBackend> opener) {
        super(shared(opener));
    }

    /// The simulator adds up in the reference's order; cuBLAS has its own.
    @Override
    protected boolean keepsOrderOfProducts() {
        return !Gpus.REAL;
    }

    /// One back end for all properties of a class.
    private static CudaBackend shared(Supplier<CudaBackend> opener) {
        CudaBackend b = open;
        if (b == null) {
            if (!Gpus.REAL) {
                Gpus.simulator();
            }
            b = opener.get();
            open = b;
        }
        return b;
    }

    @AfterTry
    void count() {
        cases++;
    }

    @AfterContainer
    static void report() {
        try (CudaBackend b = Objects.requireNonNull(open)) {
            System.out.println(
                    "Conformance of " + b.name() + " on " + b.device().name() + ": " + cases + " cases.");
        }
        open = null;
        cases = 0;
        if (!Gpus.REAL) {
            assertEquals(List.of(), Simulator.install().journal(), "what the simulator saw");
            assertEquals(List.of(), Simulator.install().leaks());
        }
    }
}
