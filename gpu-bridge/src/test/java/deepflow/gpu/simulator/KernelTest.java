package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cudart.*;
import static org.bytedeco.cuda.global.nvrtc.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Kernels: what CUDA C++ of this project may use gives the right numbers, and what it must not do is seen.
class KernelTest {
    private static final String SCALE = """
            extern "C" __global__ void scale(const REAL* __restrict__ x, REAL* __restrict__ y, REAL factor, int n) {
                int i = blockIdx.x * blockDim.x + threadIdx.x;
                if (i < n) y[i] = x[i] * factor;
            }
            """;
    private Cuda cuda;

    @BeforeEach
    void fresh() {
        cuda = new Cuda();
    }

    @Test
    void everyElementOnceAndNoneBeyond() {
        CUfunc_st scale = cuda.kernel(SCALE, "scale", "-DREAL=float", "--gpu-architecture=sm_90");
        FloatPointer x = cuda.upload(1, 2, 3, 4, 5, 6, 7);
        FloatPointer y = cuda.floats(7);
        cuda.ok(cuda.launch(scale, 3, 3, x, y, 2f, 7));
        assertArrayEquals(new float[] {2, 4, 6, 8, 10, 12, 14}, cuda.download(y, 7));
        cuda.nothingFound();
    }

    @Test
    void blocksReduceThroughSharedMemory() {
        CUfunc_st sums = cuda.kernel("""
                template <class T>
                __device__ __forceinline__ T blockSum(T value) {
                    __shared__ T partial[32];
                    for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffffu, value, offset);
                    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
                    __syncthreads();
                    T total = 0;
                    for (unsigned i = 0; i < blockDim.x / 32; i++) total += partial[i];
                    __syncthreads();
                    return total;
                }
                extern "C" __global__ void __launch_bounds__(128) sums(const float* x, float* y, int n) {
                    extern __shared__ float copy[];
                    copy[threadIdx.x] = threadIdx.x < n ? x[blockIdx.x * n + threadIdx.x] : 0.0f;
                    __syncthreads();
                    float single = blockSum(copy[blockDim.x - 1 - threadIdx.x]);
                    double twice = blockSum(2.0 * (double)copy[threadIdx.x]);
                    if (threadIdx.x == 0) y[blockIdx.x] = (float)(single + twice);
                }
                """, "sums");
        int n = 100;
        float[] x = new float[3 * n];
        float[] expected = new float[3];
        for (int i = 0; i < x.length; i++) {
            x[i] = i % 17 - 5;
            expected[i / n] += 3 * x[i];
        }
        FloatPointer y = cuda.floats(3);
        for (int seed = 0; seed < 8; seed++) {
            cuda.simulator.seed(seed);
            cuda.ok(cuda.launchIn(null, sums, 3, 128, 128 * 4, cuda.upload(x), y, n));
            assertArrayEquals(expected, cuda.download(y, 3));
        }
        cuda.nothingFound();
        cuda.refused(
                701, cuda.launchIn(null, sums, 1, 129, 129 * 4, y, y, n), "129 threads", "__launch_bounds__ say 128");
    }

    @Test
    void lanesTalkToEachOther() {
        CUfunc_st lanes = cuda.kernel("""
                extern "C" __global__ void lanes(int* out) {
                    int lane = threadIdx.x;
                    out[lane] = __shfl_xor_sync(0xffffffffu, lane, 5);
                    out[32 + lane] = __shfl_down_sync(0xffffffffu, lane, 3);
                    out[64 + lane] = __shfl_up_sync(0xffffffffu, lane, 2, 8);
                    out[96 + lane] = __shfl_sync(0xffffffffu, lane, 9);
                    out[128 + lane] = (int)__ballot_sync(0xffffffffu, lane % 3 == 0);
                    out[160 + lane] = __any_sync(0xffffffffu, lane == 31) + 2 * __all_sync(0xffffffffu, lane < 31);
                }
                """, "lanes");
        FloatPointer device = cuda.floats(192);
        cuda.ok(cuda.launch(lanes, 1, 32, device));
        float[] bits = cuda.download(device, 192);
        int ballot = 0;
        for (int lane = 0; lane < 32; lane++) {
            ballot |= lane % 3 == 0 ? 1 << lane : 0;
        }
        for (int lane = 0; lane < 32; lane++) {
            assertEquals(lane ^ 5, Float.floatToRawIntBits(bits[lane]));
            assertEquals(lane + 3 < 32 ? lane + 3 : lane, Float.floatToRawIntBits(bits[32 + lane]));
            assertEquals(lane % 8 >= 2 ? lane - 2 : lane, Float.floatToRawIntBits(bits[64 + lane]));
            assertEquals(9, Float.floatToRawIntBits(bits[96 + lane]));
            assertEquals(ballot, Float.floatToRawIntBits(bits[128 + lane]));
            assertEquals(1, Float.floatToRawIntBits(bits[160 + lane]));
        }
    }

    @Test
    void structsArePassedByValue() {
        CUfunc_st pick = cuda.kernel("""
                struct Layout { long long extent[16]; long long stride[16]; int rank; };
                extern "C" __global__ void pick(float* out, Layout layout, float add) {
                    out[0] = (float)(layout.extent[15] + layout.stride[2] * layout.rank) + add;
                }
                """, "pick");
        IntPointer layout = new IntPointer(66);
        layout.fill(0);
        layout.put(30, 7).put(36, 100).put(64, 3);
        FloatPointer out = cuda.floats(1);
        PointerPointer<?> parameters = Cuda.parameters(out, 0, 0.5f);
        parameters.put(1, layout);
        cuda.ok(cuLaunchKernel(pick, 1, 1, 1, 1, 1, 1, 0, null, parameters, new PointerPointer<>()));
        assertEquals(307.5f, cuda.download(out, 1)[0]);
    }

    @Test
    void atomicsOnIntegersCount() {
        CUfunc_st count = cuda.kernel(
                "extern \"C\" __global__ void count(unsigned* n) { atomicAdd(n, 1u); atomicMax(n + 1, threadIdx.x); }",
                "count");
        FloatPointer n = cuda.upload(0, 0);
        cuda.ok(cuda.launch(count, 5, 33, n));
        float[] bits = cuda.download(n, 2);
        assertEquals(165, Float.floatToRawIntBits(bits[0]));
        assertEquals(32, Float.floatToRawIntBits(bits[1]));
        cuda.nothingFound();
    }

    @Test
    void mathematicsIsThere() {
        CUfunc_st functions = cuda.kernel("""
                extern "C" __global__ void functions(float* y, float x) {
                    y[0] = expf(x) + exp(x) - __expf(x);
                    y[1] = rsqrtf(x); y[2] = tanhf(x); y[3] = fmaf(x, x, 1.0f); y[4] = erff(x);
                    y[5] = __uint_as_float(__float_as_uint(x) + 1u); y[6] = fmaxf(x, 2.0f); y[7] = (float)isfinite(x);
                    y[8] = (float)max(3, 4); y[9] = sqrtf(x) + logf(x); y[10] = __fmul_rn(x, 3.0f);
                }
                """, "functions");
        FloatPointer y = cuda.floats(11);
        cuda.ok(cuda.launch(functions, 1, 1, y, 1.5f));
        float[] expected = {
            (float) Math.exp(1.5),
            (float) (1 / Math.sqrt(1.5)),
            (float) Math.tanh(1.5),
            3.25f,
            0.9661051f,
            Math.nextUp(1.5f),
            2,
            1,
            4,
            (float) (Math.sqrt(1.5) + Math.log(1.5)),
            4.5f
        };
        assertArrayEquals(expected, cuda.download(y, 11), 1e-6f);
    }

    @Test
    void aCompileErrorComesBackAsTheProgramsLog() {
        Cuda.Compiled bad = cuda.compile("extern \"C\" __global__ void k(float* x) {\n    x[0] = oops;\n}\n");
        cuda.refused(NVRTC_ERROR_COMPILATION, bad.status(), "oops");
        assertTrue(bad.log().contains("test.cu:2"), bad.log());
        assertTrue(bad.log().contains("oops"), bad.log());
        // NVRTC has no standard headers either.
        assertEquals(
                NVRTC_ERROR_COMPILATION, cuda.compile("#include <cstdio>\n").status());
        cuda.refused(
                NVRTC_ERROR_INVALID_OPTION, cuda.compile("", "--no-such-option").status(), "--no-such-option");
        cuda.refused(NVRTC_ERROR_INVALID_OPTION, cuda.compile("", "-arch=sm_60").status(), "sm_60");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void aDivergentBarrierIsALaunchFailure(int seed) {
        cuda.simulator.seed(seed);
        CUfunc_st diverge = cuda.kernel(
                "extern \"C\" __global__ void diverge(int n) {\n    if (threadIdx.x < n) __syncthreads();\n}\n",
                "diverge");
        cuda.ok(cuda.launch(diverge, 2, 64, 64));
        cuda.ok(cudaDeviceSynchronize());
        cuda.ok(cuda.launch(diverge, 2, 64, 40));
        cuda.refused(
                cudaErrorLaunchFailure,
                cudaDeviceSynchronize(),
                "divergent barrier",
                "waits at __syncthreads in line 2",
                "has returned");
        // Sticky, for every library, until the process ends.
        FloatPointer more = new FloatPointer();
        cuda.refused(cudaErrorLaunchFailure, cudaMalloc(more, 4), "stays unusable");
        assertEquals(
                "cudaErrorLaunchFailure", cudaGetErrorName(cudaGetLastError()).getString());
        assertEquals(cudaErrorLaunchFailure, cudaGetLastError());
    }

    @Test
    void lanesThatDoNotComeToAShuffleAreSeen() {
        CUfunc_st half = cuda.kernel("""
                extern "C" __global__ void half(float* x) {
                    if (threadIdx.x < 16) x[threadIdx.x] = __shfl_xor_sync(0xffffffffu, x[threadIdx.x], 1);
                }
                """, "half");
        cuda.ok(cuda.launch(half, 1, 32, cuda.upload(new float[32])));
        cuda.refused(cudaErrorLaunchFailure, cudaDeviceSynchronize(), "waits for mask 0xffffffff");
    }

    @Test
    void assertionsOfKernelsEndThem() {
        CUfunc_st check = cuda.kernel("extern \"C\" __global__ void check(int n) { assert(n > 3); }", "check");
        cuda.ok(cuda.launch(check, 1, 1, 3));
        cuda.refused(cudaErrorLaunchFailure, cudaDeviceSynchronize(), "assert(n > 3)");
    }

    @Test
    void launchesOutOfRangeAreRefused() {
        CUfunc_st scale = cuda.kernel(SCALE, "scale", "-DREAL=float");
        FloatPointer x = cuda.upload(1);
        FloatPointer y = cuda.floats(1);
        cuda.refused(1, cuda.launch(scale, 0, 1, x, y, 1f, 1), "grid of 0x1x1");
        cuda.refused(1, cuda.launch(scale, 1, 1025, x, y, 1f, 1), "1025x1x1 threads");
        cuda.refused(1, cuda.launchIn(null, scale, 1, 1, 49153, x, y, 1f, 1), "49153 bytes of dynamic shared memory");
        cuda.ok(cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 100_000));
        cuda.ok(cuda.launchIn(null, scale, 1, 1, 49153, x, y, 1f, 1));
        cuda.refused(
                1, cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 300_000), "300000 bytes");
        PointerPointer<?> parameters = Cuda.parameters(x, y, 1f, 1);
        cuda.refused(
                1,
                cuLaunchKernel(scale, 1, 65536, 1, 1, 1, 1, 0, null, parameters, new PointerPointer<>()),
                "1x65536x1 blocks");
        cuda.refused(
                1,
                cuLaunchKernel(scale, 1, 1, 1, 32, 32, 2, 0, null, parameters, new PointerPointer<>()),
                "2048 threads");
    }

    @Test
    void wrongParametersAreRefused() {
        CUfunc_st scale = cuda.kernel(SCALE, "scale", "-DREAL=float");
        FloatPointer x = cuda.upload(1);
        FloatPointer y = cuda.floats(1);
        cuda.refused(1, cuda.launch(scale, 1, 1, new FloatPointer(1), y, 1f, 1), "parameter 0", "is host memory");
        cuda.refused(1, cuda.launch(scale, 1, 1, x, 7L, 1f, 1), "parameter 1", "is host memory");
        cuda.ok(cudaFree(x));
        cuda.refused(1, cuda.launch(scale, 1, 1, x, y, 1f, 1), "parameter 0", "was freed");
        PointerPointer<?> few = Cuda.parameters(y, y, 1f, 1);
        few.put(3, new IntPointer().position(0));
        cuda.refused(
                1,
                cuLaunchKernel(scale, 1, 1, 1, 1, 1, 1, 0, null, few, new PointerPointer<>()),
                "parameter 3",
                "cannot be read");
        cuda.refused(
                1,
                cuLaunchKernel(scale, 1, 1, 1, 1, 1, 1, 0, null, new PointerPointer<>(), new PointerPointer<>()),
                "has 4 parameters, none given");
    }

    @Test
    void modulesAreCheckedToo() {
        CUmod_st module = cuda.module(SCALE, "-DREAL=float");
        CUfunc_st function = new CUfunc_st();
        cuda.refused(500, cuModuleGetFunction(function, module, "scales"), "no kernel 'scales'");
        cuda.ok(cuModuleGetFunction(function, module, "scale"));
        cuda.ok(cuModuleUnload(module));
        FloatPointer x = cuda.upload(1);
        cuda.refused(400, cuda.launch(function, 1, 1, x, x, 1f, 1), "unloaded");
        cuda.refused(200, cuModuleLoadData(module, new FloatPointer(4).fill(0)), "does not come from");
    }
}
