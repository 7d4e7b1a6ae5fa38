package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cudart.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a GPU hides: each broken kernel is seen, with its block, thread and address, and the right one beside it is
/// not.
class MemcheckTest {
    private Cuda cuda;

    @BeforeEach
    void fresh() {
        cuda = new Cuda();
    }

    private CUfunc_st kernel(String body) {
        return cuda.kernel("extern \"C\" __global__ void k(float* x, float* y, int n) {\n" + body + "\n}\n", "k");
    }

    @Test
    void aReadPastTheEndIsAnIllegalAddress() {
        CUfunc_st copy = kernel("int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = x[i];");
        FloatPointer x = cuda.upload(new float[5]);
        FloatPointer y = cuda.floats(6);
        cuda.ok(cuda.launch(copy, 2, 4, x, y, 5));
        cuda.ok(cudaDeviceSynchronize());
        cuda.nothingFound();
        cuda.ok(cuda.launch(copy, 2, 4, x, y, 6));
        cuda.refused(
                cudaErrorIllegalAddress,
                cudaDeviceSynchronize(),
                "block (1,0,0), thread (1,0,0)",
                "reads 4 bytes",
                "bytes 20 to 24 of allocation");
    }

    @Test
    void aWriteBeforeTheStartIsToo() {
        CUfunc_st before = kernel("y[-1] = 0;");
        FloatPointer y = cuda.floats(2);
        cuda.ok(cuda.launch(before, 1, 1, y, y, 0));
        cuda.refused(cudaErrorIllegalAddress, cudaDeviceSynchronize(), "writes 4 bytes", "bytes -4 to 0 of");
    }

    @Test
    void wildPointersDoNotEndTheProcess() {
        CUfunc_st wild = kernel("y[(long long)n << 32] = 0;");
        FloatPointer y = cuda.floats(2);
        cuda.ok(cuda.launch(wild, 1, 1, y, y, 1 << 20));
        cuda.refused(cudaErrorIllegalAddress, cudaDeviceSynchronize(), "in no allocation");
    }

    @Test
    void nullAndMisalignedPointersAreSeen() {
        CUfunc_st wide = kernel("*(double*)(y + n) = 1;");
        FloatPointer y = cuda.floats(4);
        cuda.ok(cuda.launch(wide, 1, 1, y, y, 2));
        cuda.ok(cudaDeviceSynchronize());
        cuda.ok(cuda.launch(wide, 1, 1, y, y, 1));
        cuda.refused(cudaErrorMisalignedAddress, cudaDeviceSynchronize(), "writes 8 bytes", "not aligned");
        fresh();
        CUfunc_st plain = kernel("x[0] = 1;");
        cuda.ok(cuda.launch(plain, 1, 1, 0L, 0L, 1));
        cuda.refused(cudaErrorIllegalAddress, cudaDeviceSynchronize(), "in no allocation");
    }

    @Test
    void anotherDevicesMemoryIsOutOfReach() {
        CUfunc_st plain = kernel("x[0] = 1;");
        cuda.ok(cudaSetDevice(1));
        FloatPointer there = cuda.floats(1);
        cuda.ok(cudaSetDevice(0));
        cuda.refused(1, cuda.launch(plain, 1, 1, there, there, 1), "on device 1", "work is on device 0");
    }

    @Test
    void readsOfWhatNobodyWroteAreFound() {
        CUfunc_st copy = kernel("y[threadIdx.x] = x[threadIdx.x];");
        FloatPointer x = cuda.floats(4);
        FloatPointer y = cuda.floats(4);
        cuda.ok(cudaMemset(x, 0, 12));
        cuda.ok(cuda.launch(copy, 1, 3, x, y, 0));
        cuda.ok(cudaDeviceSynchronize());
        cuda.nothingFound();
        cuda.ok(cuda.launch(copy, 1, 4, x, y, 0));
        cuda.ok(cudaDeviceSynchronize());
        cuda.found("uninitialised", "thread (3,0,0)", "byte 12 of allocation");
        CUfunc_st shared = kernel("__shared__ float s[8]; if (threadIdx.x > 0) s[threadIdx.x] = 1; __syncthreads();"
                + " y[threadIdx.x] = s[threadIdx.x];");
        cuda.ok(cuda.launch(shared, 1, 4, x, y, 0));
        cuda.ok(cudaDeviceSynchronize());
        cuda.found("uninitialised", "thread (0,0,0)", "of shared memory");
    }

    @Test
    void aMissingBarrierIsARace() {
        String write = "extern __shared__ float s[]; s[threadIdx.x] = x[threadIdx.x];";
        String read = "y[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];";
        FloatPointer x = cuda.upload(1, 2, 3, 4);
        FloatPointer y = cuda.floats(4);
        cuda.ok(cuda.launchIn(null, kernel(write + "__syncthreads();" + read), 1, 4, 16, x, y, 0));
        assertArrayEquals(new float[] {4, 3, 2, 1}, cuda.download(y, 4));
        cuda.nothingFound();
        // In this order every value happens to be there or not; the race is there in any.
        CUfunc_st racing = kernel(write + read);
        for (int seed = 0; seed < 6; seed++) {
            cuda.simulator.seed(seed);
            cuda.ok(cuda.launchIn(null, racing, 1, 4, 16, x, y, 0));
            cuda.ok(cudaDeviceSynchronize());
            assertEquals(
                    1,
                    cuda.simulator.journal().stream()
                            .filter(line -> line.startsWith("race: ") && line.contains("of shared memory"))
                            .count());
        }
    }

    @Test
    void blocksThatMeetInMemoryAreARace() {
        FloatPointer x = cuda.upload(1, 2);
        FloatPointer y = cuda.upload(0, 0);
        cuda.ok(cuda.launch(kernel("y[blockIdx.x] = x[0];"), 2, 1, x, y, 0));
        cuda.ok(cudaDeviceSynchronize());
        cuda.nothingFound();
        cuda.ok(cuda.launch(kernel("y[0] = x[blockIdx.x];"), 2, 1, x, y, 0));
        cuda.ok(cudaDeviceSynchronize());
        cuda.found("race", "writes byte 0 of allocation", "another block writes");
        cuda.ok(cuda.launch(kernel("y[0] += x[threadIdx.x];"), 1, 2, x, y, 0));
        cuda.ok(cudaDeviceSynchronize());
        cuda.found("race", "the same block");
    }

    @Test
    void halvesOfAWordAreDifferentPlaces() {
        CUfunc_st halves =
                cuda.kernel("extern \"C\" __global__ void k(unsigned short* y) { y[threadIdx.x] = threadIdx.x; }", "k");
        cuda.ok(cuda.launch(halves, 1, 8, cuda.floats(4)));
        cuda.ok(cudaDeviceSynchronize());
        cuda.nothingFound();
    }

    @Test
    void withoutMemcheckTheRedZonesRemain() {
        cuda.simulator.memcheck(false);
        CUfunc_st copy = kernel("int i = threadIdx.x; if (i < n) y[i] = 1;");
        FloatPointer y = cuda.floats(5);
        cuda.ok(cuda.launch(copy, 1, 8, y, y, 5));
        cuda.ok(cudaDeviceSynchronize());
        cuda.nothingFound();
        cuda.ok(cuda.launch(copy, 1, 8, y, y, 7));
        cuda.refused(cudaErrorIllegalAddress, cudaDeviceSynchronize(), "past the end of allocation", "0 bytes past it");
    }
}
