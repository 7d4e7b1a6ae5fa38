package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cudnn.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Random;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// cuDNN's softmax against its definition, and arguments it would refuse.
class SoftmaxTest {
    private final FloatPointer one = new FloatPointer(new float[] {1});
    private final FloatPointer zero = new FloatPointer(new float[] {0});
    private Cuda cuda;
    private cudnnContext handle;

    @BeforeEach
    void fresh() {
        cuda = new Cuda();
        handle = cuda.cudnn();
    }

    @ParameterizedTest
    @CsvSource({"1,1", "3,7", "5,64", "2,129"})
    void rowsAreDistributionsAndBackwardIsTheirJacobian(int rows, int columns) {
        Random random = new Random(rows);
        double[] x = random.doubles((long) rows * columns, -50, 50).toArray();
        double[] dy = random.doubles((long) rows * columns, -1, 1).toArray();
        double[] y = new double[x.length];
        double[] dx = new double[x.length];
        for (int r = 0; r < rows; r++) {
            double largest = Double.NEGATIVE_INFINITY;
            double sum = 0;
            double dot = 0;
            for (int c = 0; c < columns; c++) {
                largest = Math.max(largest, x[r * columns + c]);
            }
            for (int c = 0; c < columns; c++) {
                sum += Math.exp(x[r * columns + c] - largest);
            }
            for (int c = 0; c < columns; c++) {
                int i = r * columns + c;
                y[i] = Math.exp(x[i] - largest) / sum;
                dot += y[i] * dy[i];
            }
            for (int c = 0; c < columns; c++) {
                int i = r * columns + c;
                dx[i] = y[i] * (dy[i] - dot);
            }
        }
        cudnnTensorStruct shape = cuda.tensor(CUDNN_DATA_DOUBLE, rows, columns, 1, 1);
        DoublePointer in = cuda.upload(x);
        DoublePointer slope = cuda.upload(dy);
        DoublePointer alpha = new DoublePointer(new double[] {1});
        DoublePointer beta = new DoublePointer(new double[] {0});
        // In place, as the bridge does: y on x, dx on dy.
        cuda.ok(cudnnSoftmaxForward(
                handle, CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_CHANNEL, alpha, shape, in, beta, shape, in));
        cuda.ok(cudnnSoftmaxBackward(
                handle,
                CUDNN_SOFTMAX_ACCURATE,
                CUDNN_SOFTMAX_MODE_INSTANCE,
                alpha,
                shape,
                in,
                shape,
                slope,
                beta,
                shape,
                slope));
        assertArrayEquals(y, cuda.downloadDoubles(in, y.length), 1e-15);
        assertArrayEquals(dx, cuda.downloadDoubles(slope, y.length), 1e-14);
        cuda.nothingFound();
    }

    @Test
    void channelsAreStridedAndBetaAdds() {
        // 1 x 2 x 1 x 2: the softmax runs over the two channels of each of the two places.
        cudnnTensorStruct shape = cuda.tensor(CUDNN_DATA_FLOAT, 1, 2, 1, 2);
        FloatPointer x = cuda.upload(0, 5, 0, 5);
        FloatPointer y = cuda.upload(10, 20, 30, 40);
        cuda.ok(cudnnSoftmaxForward(
                handle, CUDNN_SOFTMAX_FAST, CUDNN_SOFTMAX_MODE_CHANNEL, one, shape, x, one, shape, y));
        assertArrayEquals(new float[] {10.5f, 20.5f, 30.5f, 40.5f}, cuda.download(y, 4));
        cuda.ok(cudnnSoftmaxForward(
                handle, CUDNN_SOFTMAX_LOG, CUDNN_SOFTMAX_MODE_CHANNEL, one, shape, x, zero, shape, y));
        float half = (float) Math.log(0.5);
        assertArrayEquals(new float[] {half, half, half, half}, cuda.download(y, 4), 1e-6f);
    }

    @Test
    void wrongArgumentsAreRefusedWithTheirReason() {
        cudnnTensorStruct shape = cuda.tensor(CUDNN_DATA_FLOAT, 2, 3, 1, 1);
        cudnnTensorStruct other = cuda.tensor(CUDNN_DATA_FLOAT, 3, 2, 1, 1);
        FloatPointer x = cuda.upload(1, 2, 3, 4, 5, 6, 7);
        FloatPointer y = cuda.floats(6);
        cuda.refused(
                CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, forward(shape, x, other, y), "x and y have different sizes");
        cuda.refused(CUDNN_STATUS_BAD_PARAM, forward(shape, x, shape, Cuda.at(x, 1)), "y overlaps x");
        cuda.refused(CUDNN_STATUS_BAD_PARAM, forward(shape, x, shape, Cuda.at(y, 1)), "y needs bytes 4 to 28");
        cuda.refused(CUDNN_STATUS_BAD_PARAM, forward(shape, new FloatPointer(6), shape, y), "x", "is host memory");
        cuda.refused(CUDNN_STATUS_BAD_PARAM, forward(shape, x, shape, null), "y is a null pointer");
        cuda.refused(
                CUDNN_STATUS_BAD_PARAM,
                cudnnSetTensor4dDescriptor(shape, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 0, 1, 1),
                "2x0x1x1");
        cuda.ok(cudnnDestroyTensorDescriptor(other));
        cuda.refused(CUDNN_STATUS_BAD_PARAM, forward(other, x, shape, y), "xDesc", "was destroyed");
        cudnnTensorStruct unset = new cudnnTensorStruct();
        cuda.ok(cudnnCreateTensorDescriptor(unset));
        cuda.refused(CUDNN_STATUS_BAD_PARAM, forward(unset, x, shape, y), "xDesc was never set");
    }

    private int forward(cudnnTensorStruct xShape, FloatPointer x, cudnnTensorStruct yShape, FloatPointer y) {
        return cudnnSoftmaxForward(
                handle, CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_CHANNEL, one, xShape, x, zero, yShape, y);
    }
}
