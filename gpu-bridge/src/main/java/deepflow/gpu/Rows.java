package deepflow.gpu;

import deepflow.gpu.device.Address;
import deepflow.gpu.device.Device;
import deepflow.gpu.device.Kernels;
import deepflow.gpu.device.Status;
import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/// Operations on rows: softmax by cuDNN, layer normalisation by `rows.cu`.
final class Rows implements AutoCloseable {
    private static final int WARP = 32;
    private static final int MOST_THREADS = 256;
    /// cuDNN describes tensors of fewer than 2³¹ elements.
    private static final long MOST_ELEMENTS = Integer.MAX_VALUE;

    private final Tensors tensors;
    private final Device device;
    private final Kernels kernels;
    private final cudnnTensorStruct description = new cudnnTensorStruct();
    private final Pointer one;
    private final Pointer zero;

    Rows(Tensors tensors, Device device, Kernels kernels) {
        this.tensors = tensors;
        this.device = device;
        this.kernels = kernels;
        boolean wide = tensors.type() == DType.F64;
        this.one = wide ? new DoublePointer(new double[] {1}) : new FloatPointer(new float[] {1});
        this.zero = wide ? new DoublePointer(new double[] {0}) : new FloatPointer(new float[] {0});
        Status.cudnn("cudnnCreateTensorDescriptor", cudnn.cudnnCreateTensorDescriptor(description));
    }

    /// Threads for a row of so many elements: whole warps, about four elements for each thread. It decides
    /// about the order of a sum, so it depends on nothing else.
    static int threads(long elements) {
        int threads = WARP;
        while (threads < MOST_THREADS && threads * 4L < elements) {
            threads *= 2;
        }
        return threads;
    }

    private static long count(Shape x) {
        return x.dim(-1) == 0 ? 0 : x.size() / x.dim(-1);
    }

    Normalized layerNorm(Tensor x, double eps) {
        Arguments.floating("layerNorm", tensors.type(), x);
        Arguments.rows("layerNorm", x);
        int d = x.shape().dim(-1);
        long rows = x.shape().with(-1, 1).size();
        long from = tensors.address(x);
        Tensor y = tensors.create(x.shape());
        Tensor rstd = tensors.create(x.shape().with(-1, 1));
        kernels.launch("rows", "layerNorm")
                .pointer(from)
                .pointer(tensors.address(y))
                .pointer(tensors.address(rstd))
                .size(rows)
                .size(d)
                .real(eps)
                .forRows(rows, threads(d));
        return new Normalized(y, rstd);
    }

    Tensor layerNormBackward(Normalized forward, Tensor dy) {
        Arguments.layerNormBackward(tensors.type(), forward, dy);
        int d = dy.shape().dim(-1);
        long rows = count(dy.shape());
        long y = tensors.address(forward.y());
        long rstd = tensors.address(forward.rstd());
        long gradient = tensors.address(dy);
        Tensor dx = tensors.create(dy.shape());
        kernels.launch("rows", "layerNormBackward")
                .pointer(y)
                .pointer(rstd)
                .pointer(gradient)
                .pointer(tensors.address(dx))
                .size(rows)
                .size(d)
                .forRows(rows, threads(d));
        return dx;
    }

    Tensor softmax(Tensor x) {
        Arguments.floating("softmax", tensors.type(), x);
        Arguments.rows("softmax", x);
        long from = tensors.address(x);
        Tensor y = tensors.create(x.shape());
        softmax(from, tensors.address(y), count(x.shape()), x.shape().dim(-1));
        return y;
    }

    /// y = softmax x; y may be x.
    ///
    /// @param d elements of a row
    void softmax(long x, long y, long rows, int d) {
        pieces(
                rows,
                d,
                at -> Status.cudnn(
                        "cudnnSoftmaxForward",
                        cudnn.cudnnSoftmaxForward(
                                device.dnn(),
                                cudnn.CUDNN_SOFTMAX_ACCURATE,
                                cudnn.CUDNN_SOFTMAX_MODE_INSTANCE,
                                one,
                                description,
                                new Address(x + at),
                                zero,
                                description,
                                new Address(y + at))));
    }

    Tensor softmaxBackward(Tensor y, Tensor dy) {
        Arguments.floating("softmaxBackward", tensors.type(), y, dy);
        Arguments.rows("softmaxBackward", y);
        Arguments.same("softmaxBackward", y, dy);
        long forward = tensors.address(y);
        long gradient = tensors.address(dy);
        Tensor dx = tensors.create(y.shape());
        softmaxBackward(
                forward,
                gradient,
                tensors.address(dx),
                count(y.shape()),
                y.shape().dim(-1));
        return dx;
    }

    /// dx from y = softmax x and dy; dx may be dy.
    void softmaxBackward(long y, long dy, long dx, long rows, int d) {
        pieces(
                rows,
                d,
                at -> Status.cudnn(
                        "cudnnSoftmaxBackward",
                        cudnn.cudnnSoftmaxBackward(
                                device.dnn(),
                                cudnn.CUDNN_SOFTMAX_ACCURATE,
                                cudnn.CUDNN_SOFTMAX_MODE_INSTANCE,
                                one,
                                description,
                                new Address(y + at),
                                description,
                                new Address(dy + at),
                                zero,
                                description,
                                new Address(dx + at))));
    }

    @FunctionalInterface
    private interface Call {
        /// @param at bytes before the piece
        void at(long at);
    }

    /// Describes as many rows as cuDNN takes at once, and calls.
    private void pieces(long rows, int d, Call call) {
        if (d == 0) {
            return;
        }
        long most = Math.max(1, MOST_ELEMENTS / d);
        int type = tensors.type() == DType.F64 ? cudnn.CUDNN_DATA_DOUBLE : cudnn.CUDNN_DATA_FLOAT;
        device.select();
        for (long row = 0; row < rows; row += most) {
            int n = (int) Math.min(most, rows - row);
            Status.cudnn(
                    "cudnnSetTensor4dDescriptor",
                    cudnn.cudnnSetTensor4dDescriptor(description, cudnn.CUDNN_TENSOR_NCHW, type, n, d, 1, 1));
            call.at(tensors.bytes(row * d));
        }
    }

    @Override
    public void close() {
        cudnn.cudnnDestroyTensorDescriptor(description);
        one.close();
        zero.close();
    }
}
