package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products against loops written here, and every argument cuBLAS would refuse or, worse, would not.
class GemmTest {
    private static final int F32 = CUDA_R_32F;
    private Cuda cuda;
    private cublasContext handle;

    @BeforeEach
    void fresh() {
        cuda = new Cuda();
        handle = cuda.cublas();
    }

    /// Column-major, as cuBLAS: element (i, j) is at j·ld + i.
    private static double[] naive(
            int opA,
            int opB,
            int m,
            int n,
            int k,
            double alpha,
            double[] a,
            int lda,
            double[] b,
            int ldb,
            double beta,
            double[] c,
            int ldc) {
        double[] result = c.clone();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int p = 0; p < k; p++) {
                    sum += (opA == 0 ? a[p * lda + i] : a[i * lda + p]) * (opB == 0 ? b[j * ldb + p] : b[p * ldb + j]);
                }
                result[j * ldc + i] = alpha * sum + (beta == 0 ? 0 : beta * c[j * ldc + i]);
            }
        }
        return result;
    }

    private static double[] random(Random random, int count) {
        return random.doubles(count, -1, 1).toArray();
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }

    private static double[] doubles(float[] values) {
        double[] result = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = values[i];
        }
        return result;
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "3,5,7", "17,4,33", "16,16,16", "33,29,300", "70,9,513", "5,6,0"})
    void everyTransposeAgreesWithLoops(int m, int n, int k) {
        Random random = new Random(m * 31 + n * 7 + k);
        for (int opA = 0; opA < 3; opA++) {
            for (int opB = 0; opB < 3; opB++) {
                for (double beta : new double[] {0, 0.5}) {
                    int lda = Math.max(1, opA == 0 ? m : k) + 3;
                    int ldb = Math.max(1, opB == 0 ? k : n) + 2;
                    int ldc = m + 1;
                    double[] a = random(random, lda * Math.max(1, opA == 0 ? k : m));
                    double[] b = random(random, ldb * Math.max(1, opB == 0 ? n : k));
                    double[] c = random(random, ldc * n);
                    check(opA, opB, m, n, k, -0.75, a, lda, b, ldb, beta, c, ldc);
                }
            }
        }
        cuda.nothingFound();
    }

    private void check(
            int opA,
            int opB,
            int m,
            int n,
            int k,
            double alpha,
            double[] a,
            int lda,
            double[] b,
            int ldb,
            double beta,
            double[] c,
            int ldc) {
        DoublePointer wideC = cuda.upload(c);
        cuda.ok(cublasGemmEx(
                handle,
                opA,
                opB,
                m,
                n,
                k,
                new DoublePointer(new double[] {alpha}),
                cuda.upload(a),
                CUDA_R_64F,
                lda,
                cuda.upload(b),
                CUDA_R_64F,
                ldb,
                new DoublePointer(new double[] {beta}),
                wideC,
                CUDA_R_64F,
                ldc,
                CUBLAS_COMPUTE_64F,
                CUBLAS_GEMM_DEFAULT));
        double[] expected = naive(opA, opB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        assertArrayEquals(expected, cuda.downloadDoubles(wideC, c.length), 1e-13 * Math.max(1, k));

        float[] fa = floats(a);
        float[] fb = floats(b);
        float[] fc = floats(c);
        FloatPointer narrowC = cuda.upload(fc);
        cuda.ok(gemm(opA, opB, m, n, k, alpha, cuda.upload(fa), lda, cuda.upload(fb), ldb, beta, narrowC, ldc));
        expected = naive(opA, opB, m, n, k, alpha, doubles(fa), lda, doubles(fb), ldb, beta, doubles(fc), ldc);
        assertArrayEquals(expected, doubles(cuda.download(narrowC, c.length)), 2e-7 * Math.max(4, k));
    }

    private int gemm(
            int opA,
            int opB,
            int m,
            int n,
            int k,
            double alpha,
            Pointer a,
            int lda,
            Pointer b,
            int ldb,
            double beta,
            Pointer c,
            int ldc) {
        return cublasGemmEx(
                handle,
                opA,
                opB,
                m,
                n,
                k,
                new FloatPointer(new float[] {(float) alpha}),
                a,
                F32,
                lda,
                b,
                F32,
                ldb,
                new FloatPointer(new float[] {(float) beta}),
                c,
                F32,
                ldc,
                CUBLAS_COMPUTE_32F,
                CUBLAS_GEMM_DEFAULT);
    }

    @Test
    void sumsHaveTheReferencesOrder() {
        Random random = new Random(5);
        int k = 600;
        double[] a = random(random, k);
        double[] b = random(random, k);
        DoublePointer c = cuda.upload(0.0);
        cuda.ok(cublasGemmEx(
                handle,
                CUBLAS_OP_T,
                CUBLAS_OP_N,
                1,
                1,
                k,
                new DoublePointer(new double[] {1}),
                cuda.upload(a),
                CUDA_R_64F,
                k,
                cuda.upload(b),
                CUDA_R_64F,
                k,
                new DoublePointer(new double[] {0}),
                c,
                CUDA_R_64F,
                1,
                CUBLAS_COMPUTE_64F,
                CUBLAS_GEMM_DEFAULT));
        double total = 0;
        for (int start = 0; start < k; start += 256) {
            double sum = 0;
            for (int p = start; p < Math.min(k, start + 256); p++) {
                sum = Math.fma(a[p], b[p], sum);
            }
            total = start == 0 ? sum : total + sum;
        }
        assertEquals(total, cuda.downloadDoubles(c, 1)[0]);
    }

    @Test
    void betaZeroDoesNotReadWhatNobodyWrote() {
        FloatPointer c = cuda.floats(4);
        FloatPointer a = cuda.upload(1, 2, 3, 4);
        cuda.ok(gemm(0, 0, 2, 2, 2, 1, a, 2, cuda.upload(1, 0, 0, 1), 2, 0, c, 2));
        assertArrayEquals(new float[] {1, 2, 3, 4}, cuda.download(c, 4));
        cuda.nothingFound();
        FloatPointer fresh = cuda.floats(4);
        cuda.ok(gemm(0, 0, 2, 2, 2, 1, a, 2, cuda.upload(1, 0, 0, 1), 2, 1, fresh, 2));
        assertEquals(Float.NaN, cuda.download(fresh, 4)[0]);
        cuda.found("uninitialised", "gemm 2x2x2");
    }

    @Test
    void tensorCoreTypesRoundTheirInputs() {
        // 1 + 2⁻⁸ is exact in tf32 and fp16 and rounds to 1 in bf16; 1 + 2⁻¹¹ rounds to 1 in tf32 too, not in float32.
        FloatPointer one = cuda.upload(1);
        FloatPointer c = cuda.floats(1);
        float eight = 1 + 0x1p-8f;
        float eleven = 1 + 0x1p-11f;
        cuda.ok(product(cuda.upload(eight), one, c, CUBLAS_COMPUTE_32F_FAST_TF32));
        assertEquals(eight, cuda.download(c, 1)[0]);
        cuda.ok(product(cuda.upload(eleven), one, c, CUBLAS_COMPUTE_32F_FAST_TF32));
        assertEquals(1, cuda.download(c, 1)[0]);
        cuda.ok(product(cuda.upload(eleven), one, c, CUBLAS_COMPUTE_32F));
        assertEquals(eleven, cuda.download(c, 1)[0]);
        cuda.ok(product(cuda.upload(eight), one, c, CUBLAS_COMPUTE_32F_FAST_16BF));
        assertEquals(1, cuda.download(c, 1)[0]);
        cuda.ok(product(cuda.upload(eight), one, c, CUBLAS_COMPUTE_32F_FAST_16F));
        assertEquals(eight, cuda.download(c, 1)[0]);
        // The math mode turns plain float32 into tf32, and pedantic stays exact.
        cuda.ok(cublasSetMathMode(handle, CUBLAS_TF32_TENSOR_OP_MATH));
        cuda.ok(product(cuda.upload(eleven), one, c, CUBLAS_COMPUTE_32F));
        assertEquals(1, cuda.download(c, 1)[0]);
        cuda.ok(product(cuda.upload(eleven), one, c, CUBLAS_COMPUTE_32F_PEDANTIC));
        assertEquals(eleven, cuda.download(c, 1)[0]);
    }

    private int product(Pointer a, Pointer b, Pointer c, int compute) {
        FloatPointer one = new FloatPointer(new float[] {1});
        FloatPointer zero = new FloatPointer(new float[] {0});
        return cublasGemmEx(handle, 0, 0, 1, 1, 1, one, a, F32, 1, b, F32, 1, zero, c, F32, 1, compute, -1);
    }

    @Test
    void halvesAreReadAsTheyLie() {
        // Bits of 1.5 and -2 in each type, two to a float.
        for (int[] type : new int[][] {{CUDA_R_16BF, 0x3fc0, 0xc000}, {CUDA_R_16F, 0x3e00, 0xc000}}) {
            FloatPointer pair = cuda.upload(Float.intBitsToFloat(type[1] | type[2] << 16));
            FloatPointer c = cuda.floats(1);
            FloatPointer one = new FloatPointer(new float[] {1});
            FloatPointer zero = new FloatPointer(new float[] {0});
            cuda.ok(cublasGemmEx(
                    handle, 1, 0, 1, 1, 2, one, pair, type[0], 2, pair, type[0], 2, zero, c, F32, 1, 68, -1));
            assertEquals(1.5f * 1.5f + 4, cuda.download(c, 1)[0]);
        }
    }

    @Test
    void batchesMayInterleaveButNotOverlap() {
        // Two 2x2 matrices side by side in rows of four: leading dimension 4, stride 2.
        FloatPointer a = cuda.upload(1, 2, 5, 6, 3, 4, 7, 8);
        FloatPointer identity = cuda.upload(1, 0, 0, 1);
        FloatPointer c = cuda.floats(8);
        FloatPointer one = new FloatPointer(new float[] {1});
        FloatPointer zero = new FloatPointer(new float[] {0});
        cuda.ok(cublasGemmStridedBatchedEx(
                handle, 0, 0, 2, 2, 2, one, a, F32, 4, 2L, identity, F32, 2, 0L, zero, c, F32, 4, 2L, 2, 68, -1));
        assertArrayEquals(new float[] {1, 2, 5, 6, 3, 4, 7, 8}, cuda.download(c, 8));
        cuda.nothingFound();
        cuda.refused(
                CUBLAS_STATUS_INVALID_VALUE,
                cublasGemmStridedBatchedEx(
                        handle, 0, 0, 2, 2, 2, one, a, F32, 4, 2L, identity, F32, 2, 0L, zero, c, F32, 4, 1L, 2, 68,
                        -1),
                "batches of C overlap");
    }

    @Test
    void wrongArgumentsAreRefusedWithTheirReason() {
        FloatPointer a = cuda.upload(new float[12]);
        FloatPointer b = cuda.upload(new float[16]);
        FloatPointer c = cuda.upload(new float[16]);
        int invalid = CUBLAS_STATUS_INVALID_VALUE;
        cuda.refused(invalid, gemm(0, 0, 3, 4, 4, 1, a, 2, b, 4, 0, c, 3), "A has 3 rows", "leading dimension is 2");
        cuda.refused(invalid, gemm(0, 1, 3, 4, 3, 1, a, 3, b, 3, 0, c, 3), "B has 4 rows", "leading dimension is 3");
        cuda.refused(invalid, gemm(0, 0, 3, 4, 4, 1, a, 3, b, 4, 0, c, 2), "C has 3 rows", "leading dimension is 2");
        cuda.refused(invalid, gemm(0, 0, 3, 4, 5, 1, a, 3, b, 5, 0, c, 3), "A needs bytes 0 to 60", "48 bytes");
        cuda.refused(invalid, gemm(0, 0, 3, 4, 4, 1, a, 4, b, 4, 0, c, 3), "A needs bytes 0 to 60");
        cuda.refused(invalid, gemm(0, 0, 3, 4, 4, 1, a, 3, b, 4, 0, a, 3), "C overlaps A");
        cuda.refused(invalid, gemm(0, 0, 3, 4, 4, 1, a, 3, c, 4, 0, c, 3), "C overlaps B");
        cuda.refused(invalid, gemm(0, 0, 3, 4, 4, 1, null, 3, b, 4, 0, c, 3), "A is a null pointer");
        FloatPointer host = new FloatPointer(12);
        cuda.refused(invalid, gemm(0, 0, 3, 4, 4, 1, a, 3, host, 4, 0, c, 3), "B", "is host memory");
        cuda.refused(invalid, gemm(3, 0, 3, 4, 4, 1, a, 3, b, 4, 0, c, 3), "3 is no operation");
        cuda.refused(invalid, gemm(0, 0, -1, 4, 4, 1, a, 3, b, 4, 0, c, 3), "m -1");
        FloatPointer one = new FloatPointer(new float[] {1});
        cuda.refused(
                invalid,
                cublasGemmEx(handle, 0, 0, 1, 1, 1, a, a, F32, 1, b, F32, 1, one, c, F32, 1, 68, -1),
                "alpha is in allocation");
        cuda.refused(
                CUBLAS_STATUS_NOT_SUPPORTED,
                cublasGemmEx(handle, 0, 0, 1, 1, 1, one, a, F32, 1, b, CUDA_R_16BF, 1, one, c, F32, 1, 68, -1),
                "types A 0, B 14, C 0 with compute type 68");
        cuda.refused(
                CUBLAS_STATUS_NOT_SUPPORTED,
                cublasGemmEx(handle, 0, 0, 1, 1, 1, one, a, F32, 1, b, F32, 1, one, c, F32, 1, 70, -1),
                "compute type 70");
        cuda.ok(cublasDestroy_v2(handle));
        cuda.refused(CUBLAS_STATUS_NOT_INITIALIZED, gemm(0, 0, 1, 1, 1, 1, a, 1, b, 1, 0, c, 1), "was destroyed");
    }
}
