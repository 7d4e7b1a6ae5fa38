package deepflow.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.tensor.Accumulation;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceId;
import deepflow.tensor.OperationCases;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Products against a library that shares no code with this one, and against the definition in float32.
class ProductsTest {
    private static final int[][] SIZES = {
        {1, 1, 1}, {5, 3, 2}, {37, 41, 29}, {64, 64, 300}, {130, 20, 520}, {3, 600, 17}, {300, 400, 270}
    };

    @Test
    void float64AgreesWithEjml() {
        try (Backend b = Backends.open("cpu", DType.F64, 2)) {
            for (int[] s : SIZES) {
                Tensor x = OperationCases.plain(b, 1, s[0], s[2]);
                Tensor y = OperationCases.plain(b, 2, s[2], s[1]);
                DMatrixRMaj expected = new DMatrixRMaj(s[0], s[1]);
                CommonOps_DDRM.mult(
                        DMatrixRMaj.wrap(s[0], s[2], b.download(x)),
                        DMatrixRMaj.wrap(s[2], s[1], b.download(y)),
                        expected);
                double[] actual = b.download(b.matmul(x, false, y, false));
                // |x|, |y| ≤ 2: both sums are within k·u·4k of the truth.
                double bound = 8.0 * s[2] * s[2] * 0x1p-53;
                for (int i = 0; i < actual.length; i++) {
                    assertEquals(expected.data[i], actual[i], bound);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void float32IsTheDefinitionToTheBit(Accumulation accumulation) {
        try (Backend b =
                Backends.open(DeviceId.CPU, BackendOptions.of(DType.F32, 2).accumulating(accumulation))) {
            for (int[] s : SIZES) {
                int m = s[0];
                int n = s[1];
                int k = s[2];
                Tensor x = OperationCases.plain(b, 1, m, k);
                Tensor y = OperationCases.plain(b, 2, k, n);
                double[] xs = b.download(x);
                double[] ys = b.download(y);
                int blocks = accumulation == Accumulation.OWN ? 256 : k;
                double[] actual = b.download(b.matmul(x, false, y, false));
                assertArrayEquals(actual, b.download(b.matmul(transposed(b, x), true, transposed(b, y), true)));
                assertArrayEquals(actual, b.download(b.linear(x, transposed(b, y), null)));
                for (int i = 0; i < m; i++) {
                    for (int j = 0; j < n; j++) {
                        float total = 0;
                        for (int k0 = 0; k0 < k; k0 += blocks) {
                            float block = 0;
                            for (int p = k0; p < Math.min(k, k0 + blocks); p++) {
                                block = Math.fma((float) xs[i * k + p], (float) ys[p * n + j], block);
                            }
                            total = k0 == 0 ? block : total + block;
                        }
                        assertEquals(total, (float) actual[i * n + j]);
                    }
                }
            }
        }
    }

    private static Tensor transposed(Backend b, Tensor x) {
        return b.permute(x, 1, 0);
    }

    @Test
    void everyPieceOfALargeProductIsComputedOnce() {
        for (int threads : new int[] {1, 2, 5}) {
            try (Backend b = Backends.open("cpu", DType.F64, threads)) {
                Tensor ones = b.full(Shape.of(301, 40), 1);
                for (double v : b.download(b.matmul(ones, false, ones, true))) {
                    assertTrue(v == 40);
                }
                for (double v :
                        b.download(b.matmul(b.full(Shape.of(40, 9), 1), true, b.full(Shape.of(40, 1700), 1), false))) {
                    assertTrue(v == 40);
                }
            }
        }
    }
}
