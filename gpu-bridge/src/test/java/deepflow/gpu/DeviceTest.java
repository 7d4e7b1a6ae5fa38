package deepflow.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.gpu.simulator.Simulator;
import deepflow.tensor.Accumulation;
import deepflow.tensor.Arena;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceFailure;
import deepflow.tensor.DeviceInfo;
import deepflow.tensor.ProductPrecision;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Memory, failures and several devices, on the simulator alone: it fails on demand and counts what is left
/// over.
class DeviceTest {
    private Simulator simulator;

    @BeforeEach
    void start() {
        simulator = Gpus.simulator();
    }

    private static double[] random(int n) {
        return new SplittableRandom(n).doubles(n, -1, 1).toArray();
    }

    private static double[] floats(double[] x) {
        return Arrays.stream(x).map(v -> (float) v).toArray();
    }

    /// Everything is given back, and the simulator saw nothing wrong.
    @Test
    void aClosedBackEndLeavesNothingBehind() {
        try (CudaBackend b = Gpus.open(DType.F32)) {
            Tensor x = b.upload(random(1000), Shape.of(10, 100));
            b.softmax(b.linear(x, x, null));
            try (Arena _ = b.arena()) {
                b.layerNorm(x, 1e-6);
            }
            assertEquals(10 * 100 * 4, b.download(x).length * 4);
        }
        assertEquals(List.of(), simulator.leaks());
        assertEquals(List.of(), simulator.journal());
    }

    /// More than both halves of the staging memory, several times: each piece waits for its turn.
    @Test
    void manyAndLargeTensorsArriveAsTheyWereSent() {
        try (CudaBackend b = Gpus.open(DType.F32)) {
            double[] large = random(3 * (1 << 20) + 17);
            Tensor first = b.upload(large, Shape.of(large.length));
            Tensor[] small = new Tensor[20];
            for (int i = 0; i < small.length; i++) {
                small[i] = b.upload(random(i + 1), Shape.of(i + 1));
            }
            assertArrayEquals(floats(large), b.download(first));
            for (int i = 0; i < small.length; i++) {
                assertArrayEquals(floats(random(i + 1)), b.download(small[i]));
            }
        }
    }

    /// The second step of two equal ones asks CUDA for no memory.
    @Test
    void stepsReuseTheMemoryOfTheStepsBefore() {
        try (CudaBackend b = Gpus.open(DType.F32)) {
            long before = step(b);
            long taken = b.memoryTaken();
            assertTrue(before > 0);
            assertEquals(0, step(b));
            assertEquals(taken, b.memoryTaken());
        }
    }

    private long step(CudaBackend b) {
        long calls = simulator.calls("cudaMalloc");
        try (Arena _ = b.arena()) {
            Tensor x = b.upload(random(5000), Shape.of(50, 100));
            for (int i = 0; i < 3; i++) {
                x = b.gelu(b.matmul(b.matmul(x, false, x, true), false, x, false));
            }
            b.download(x);
        }
        return simulator.calls("cudaMalloc") - calls;
    }

    /// Memory of tensors that nobody can reach counts as free when it is needed.
    @Test
    void whatIsOutOfReachMakesRoom() {
        simulator.memory(64L << 20); // cuBLAS has half of it
        try (CudaBackend b = Gpus.open(DType.F32)) {
            for (int i = 0; i < 6; i++) {
                b.full(Shape.of(2 << 20), i); // 8 MiB each
            }
            assertEquals(1, b.download(b.full(Shape.of(1), 1))[0]);
        }
    }

    /// What is cached for another size goes back to CUDA before memory counts as exhausted; then one sentence
    /// says so, and the back end works on.
    @Test
    void memoryThatIsExhaustedIsOneSentence() {
        simulator.memory(64L << 20); // cuBLAS has half of it
        try (CudaBackend b = Gpus.open(DType.F32)) {
            try (Arena _ = b.arena()) {
                b.full(Shape.of(4 << 20), 1);
            }
            Tensor kept = b.full(Shape.of(5 << 20), 2); // fits only once the 16 MiB before are back
            DeviceFailure e = assertThrows(DeviceFailure.class, () -> b.full(Shape.of(100 << 20), 3));
            assertTrue(
                    e.getMessage()
                            .matches("GPU 0 \\(.*\\) has no room for another 400.0 MiB: this run holds .* of its"
                                    + " 64.0 MiB; use a smaller batch, or cut the batch into more parts\\."),
                    e.getMessage());
            assertEquals(3, b.download(b.add(b.slice(kept, 0, 0, 1), b.full(Shape.of(1), 1)))[0]);
        }
        assertEquals(
                List.of(),
                simulator.journal().stream()
                        .filter(line -> !line.startsWith("error: cudaMalloc"))
                        .toList());
    }

    /// A library that refuses is named, with its own word for it.
    @ParameterizedTest
    @CsvSource({
        "cudaMalloc, 1, cudaMalloc failed with cudaErrorInvalidValue",
        "cuLaunchKernel, 701, cuLaunchKernel of add failed with CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
        "cudaMemcpyAsync, 700, cudaMemcpyAsync failed with cudaErrorIllegalAddress",
        "cublasGemmEx, 13, cublasGemmEx failed with CUBLAS_STATUS_EXECUTION_FAILED",
        "cudnnSoftmaxForward, 5000, cudnnSoftmaxForward failed",
        "cudaStreamSynchronize, 719, cudaStreamSynchronize failed with cudaErrorLaunchFailure"
    })
    void everyStatusIsLookedAt(String function, int status, String expected) {
        try (CudaBackend b = Gpus.open(DType.F32)) {
            Tensor x = b.upload(random(6), Shape.of(2, 3));
            b.download(b.softmax(b.matmul(b.add(x, x), false, x, true))); // kernels are loaded
            simulator.inject(function, 1, status);
            DeviceFailure e = assertThrows(DeviceFailure.class, () -> {
                Tensor y = b.upload(random(2 << 20), Shape.of(1 << 10, 2 << 10)); // no block of that size is cached
                b.download(b.softmax(b.matmul(b.add(x, x), false, x, true)));
                b.release(y);
            });
            assertTrue(e.getMessage().startsWith(expected), e.getMessage());
            assertTrue(e.getMessage().endsWith("."), e.getMessage());
            assertTrue(e.getMessage().lines().count() == 1, e.getMessage());
        }
    }

    /// Two GPUs in one program: each computes with its own memory, and a tensor of one is refused by the other.
    @Test
    void twoDevicesDoNotMix() {
        try (CudaBackend first = Gpus.open(0, DType.F32, ProductPrecision.FULL);
                CudaBackend second = Gpus.open(1, DType.F32, ProductPrecision.FULL)) {
            Tensor x = first.upload(random(12), Shape.of(3, 4));
            Tensor y = second.upload(random(12), Shape.of(3, 4));
            for (int i = 0; i < 3; i++) {
                x = first.softmax(first.matmul(x, false, first.upload(random(16), Shape.of(4, 4)), false));
                y = second.softmax(second.matmul(y, false, second.upload(random(16), Shape.of(4, 4)), false));
            }
            assertArrayEquals(first.download(x), second.download(y));
            Tensor foreign = x;
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> second.add(foreign, foreign));
            assertEquals("tensor (3, 4) belongs to another back end, on GPU 0", e.getMessage());
        }
        assertEquals(List.of(), simulator.leaks());
        DeviceFailure e = assertThrows(DeviceFailure.class, () -> Gpus.open(2, DType.F32, ProductPrecision.FULL));
        assertEquals("There is no GPU 2: CUDA sees 2, numbers 0 to 1.", e.getMessage());
    }

    /// The same program, twice: the same bits, in every precision of products.
    @ParameterizedTest
    @CsvSource({"F32, FULL", "F32, TF32", "F32, BF16", "F32, FP16", "F64, FULL"})
    void twoRunsHaveTheSameBits(DType type, ProductPrecision products) {
        double[] first = run(type, products, 1);
        simulator.reset();
        assertArrayEquals(first, run(type, products, 2));
    }

    private double[] run(DType type, ProductPrecision products, long seed) {
        simulator.seed(seed);
        try (CudaBackend b = Gpus.open(0, type, products)) {
            Tensor x = b.upload(random(3 * 40 * 24), Shape.of(3, 40, 24));
            Tensor w = b.upload(random(24 * 24), Shape.of(24, 24));
            Tensor y = b.layerNorm(b.gelu(b.linear(x, w, b.full(Shape.of(24), 0.1))), 1e-6)
                    .y();
            return b.download(b.add(
                    b.sumTo(y, Shape.of(1, 1, 24)),
                    b.multiply(b.full(Shape.of(1, 1, 24), 1), b.sumOfSquares(y).reshape(1, 1, 1))));
        }
    }

    /// Products in a low precision differ from the full one by as much as their factors are rounded.
    @ParameterizedTest
    @CsvSource({"TF32, 11", "BF16, 8", "FP16, 11"})
    void productsRoundTheirFactors(ProductPrecision products, int bits) {
        int n = 32;
        double[] x = random(n * n);
        double[] exact;
        double[] rounded;
        try (CudaBackend b = Gpus.open(DType.F32)) {
            Tensor t = b.upload(x, Shape.of(n, n));
            exact = b.download(b.matmul(t, false, t, true));
        }
        try (CudaBackend b = Gpus.open(0, DType.F32, products)) {
            assertEquals("cuda-f32-" + products, b.name());
            Tensor t = b.upload(x, Shape.of(n, n));
            rounded = b.download(b.matmul(t, false, t, true));
        }
        double error = 0;
        for (int i = 0; i < exact.length; i++) {
            error = Math.max(error, Math.abs(exact[i] - rounded[i]));
        }
        double unit = Math.scalb(1.0, -bits);
        assertTrue(error > unit / 8 && error < 2 * n * unit, products + ": " + error);
    }

    @Test
    void float64IsMultipliedInFullPrecisionOnly() {
        DeviceFailure e = assertThrows(DeviceFailure.class, () -> Gpus.open(0, DType.F64, ProductPrecision.BF16));
        assertTrue(e.getMessage().startsWith("Device cuda multiplies float64 in full precision only"), e.getMessage());
    }

    @Test
    void cublasIsNotToldInWhichOrderToAdd() {
        BackendOptions options = BackendOptions.of(DType.F32, 1).accumulating(Accumulation.SEQUENTIAL);
        DeviceFailure e = assertThrows(DeviceFailure.class, () -> new CudaProvider().open(0, options));
        assertEquals(
                "Device cuda adds the terms of products as cuBLAS does, not in sequential order: choose the CPU.",
                e.getMessage());
    }

    @Test
    void theProviderListsWhatIsThere() {
        List<DeviceInfo> devices = new CudaProvider().devices();
        assertEquals(2, devices.size());
        assertEquals("cuda:1", devices.get(1).id().toString());
        assertEquals("9.0", devices.get(0).properties().get("compute capability"));
        assertTrue(devices.get(0).memory() > 0);
        assertTrue(Backends.all().stream().anyMatch(p -> p instanceof CudaProvider));
        simulator.devices(0).reset();
        DeviceFailure none = assertThrows(DeviceFailure.class, () -> new CudaProvider().devices());
        assertTrue(none.getMessage().contains("it sees no GPU"), none.getMessage());
        DeviceFailure open =
                assertThrows(DeviceFailure.class, () -> new CudaProvider().open(0, BackendOptions.of(DType.F32, 1)));
        assertEquals("There is no GPU 0: CUDA sees none.", open.getMessage());
    }

    @Test
    void aTensorThatWasFreedIsNotRead() {
        try (CudaBackend b = Gpus.open(DType.F32)) {
            Tensor x = b.full(Shape.of(3), 1);
            b.release(x);
            assertThrows(IllegalStateException.class, () -> b.download(x));
            assertThrows(IllegalStateException.class, () -> b.matmul(x.reshape(1, 3), false, x.reshape(3, 1), false));
        }
    }
}
