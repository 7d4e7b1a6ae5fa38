package deepflow.gpu;

import deepflow.gpu.Products.Extents;
import deepflow.gpu.device.Device;
import deepflow.gpu.device.KernelCache;
import deepflow.gpu.device.Kernels;
import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
import deepflow.tensor.Arguments;
import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceFailure;
import deepflow.tensor.GateGradients;
import deepflow.tensor.ModulationGradients;
import deepflow.tensor.Normalized;
import deepflow.tensor.ProductPrecision;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// [Backend] on an NVIDIA GPU, in float32 or float64.
///
/// **What it promises beyond the contract, and what less**:
/// - Operations return before they are done; only [#download] waits. A failure inside a kernel is reported
///   there, or by a later call.
/// - The same program on the same model of GPU with the same versions of the libraries gives the same bits: one
///   stream, sums in an order that depends on shapes, a fixed workspace for cuBLAS, no atomic additions of
///   floats.
/// - The order in which cuBLAS adds up a product is its own. It may change with the extents of the product, so
///   that the bits of a sample may depend on how many others are in its batch, which the contract forbids and
///   the CPU keeps. All other operations keep it. Likewise two GPUs of different models may differ in last
///   bits.
/// - [#sin] and [#cos] are rounded correctly in float32 (but for one argument in 10⁸), and within two units in
///   the last place in float64.
/// - A NaN is made canonical when it is downloaded, the only way to see its bits.
///
/// Every failure of CUDA, cuBLAS, cuDNN or NVRTC is a [DeviceFailure] whose sentence names the call.
public final class CudaBackend implements Backend {
    private final DType type;
    private final ProductPrecision precision;
    private final Device device;
    private final Kernels kernels;
    private final Tensors tensors;
    private final Layouts layouts;
    private final Pointwise pointwise;
    private final Products products;
    private final Rows rows;
    private final Sums sums;
    private final Tokens tokens;
    private final Attention attention;
    private final Optimizer optimizer;
    private boolean closed;

    /// Opens a GPU. Kernels are compiled when they are first needed.
    ///
    /// @param index which, from 0
    /// @param cache where compiled kernels are kept
    /// @throws DeviceFailure if there is no such GPU, a library refuses, or float64 is to be multiplied in a
    ///     lower precision
    public CudaBackend(int index, BackendOptions options, KernelCache cache) {
        this.type = options.dtype();
        this.precision = options.products();
        if (type == DType.F64 && precision != ProductPrecision.FULL) {
            throw new DeviceFailure("Device cuda multiplies float64 in full precision only, not in " + precision
                    + ": choose float32 for products in " + precision + ".");
        }
        this.device = new Device(index);
        try {
            this.kernels = new Kernels(device, cache, type == DType.F64);
            this.tensors = new Tensors(device, type);
            this.layouts = new Layouts(tensors, kernels);
            this.pointwise = new Pointwise(tensors, kernels);
            this.products = new Products(tensors, device, kernels, pointwise, precision);
            this.rows = new Rows(tensors, device, kernels);
            this.sums = new Sums(tensors, kernels, layouts, pointwise);
            this.tokens = new Tokens(tensors, kernels, sums);
            this.attention = new Attention(tensors, layouts, pointwise, products, rows);
            this.optimizer = new Optimizer(tensors, kernels);
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    /// `cuda-f32`, `cuda-f32-bf16`: with the precision of products where it is not full.
    @Override
    public String name() {
        return "cuda-f" + type.bytes() * Byte.SIZE + (precision == ProductPrecision.FULL ? "" : "-" + precision);
    }

    @Override
    public DType dtype() {
        return type;
    }

    /// The address of a tensor's elements in the GPU's memory, contiguous in row-major order, for libraries
    /// that work on [#stream].
    public long address(Tensor x) {
        return tensors.address(x);
    }

    /// The stream of all work, a `cudaStream_t`: what is called on it runs after everything that was called
    /// here before.
    public long stream() {
        return device.stream().address();
    }

    /// The GPU.
    public Device device() {
        return device;
    }

    @Override
    public ProductPrecision productPrecision() {
        return precision;
    }

    @Override
    public void synchronize() {
        device.synchronize();
    }

    /// What the GPU has, less a share for the libraries' own needs and for sizes that are rounded up.
    @Override
    public OptionalLong memory() {
        return OptionalLong.of(device.memoryInAll() / 100 * 92);
    }

    /// Bytes of the GPU's memory that tensors hold now.
    public long memoryTaken() {
        return tensors.taken();
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    @Override
    public Tensor upload(double[] values, Shape shape) {
        return tensors.upload(values, shape);
    }

    @Override
    public Tensor uploadIndices(int[] values, Shape shape) {
        return tensors.uploadIndices(values, shape);
    }

    @Override
    public double[] download(Tensor x) {
        return tensors.download(x);
    }

    @Override
    public Tensor full(Shape shape, double value) {
        return pointwise.full(shape, value);
    }

    @Override
    public Tensor copy(Tensor x) {
        return layouts.copy(x);
    }

    @Override
    public void release(Tensor x) {
        tensors.release(x);
    }

    @Override
    public Arena arena() {
        return tensors.arena();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try {
                tensors.close();
                products.close();
                rows.close();
                kernels.close();
            } finally {
                device.close();
            }
        }
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return pointwise.arithmetic("add", x, y);
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return pointwise.arithmetic("subtract", x, y);
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        return pointwise.arithmetic("multiply", x, y);
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        return pointwise.arithmetic("divide", x, y);
    }

    @Override
    public Tensor scale(Tensor x, double factor) {
        return pointwise.scale(x, factor);
    }

    @Override
    public Tensor sqrt(Tensor x) {
        return pointwise.map("sqrt", "root", x);
    }

    @Override
    public Tensor sin(Tensor x) {
        return pointwise.map("sin", "sine", x);
    }

    @Override
    public Tensor cos(Tensor x) {
        return pointwise.map("cos", "cosine", x);
    }

    @Override
    public Tensor silu(Tensor x) {
        return pointwise.map("silu", "silu", x);
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        return pointwise.mapBackward("siluBackward", x, dy);
    }

    @Override
    public Tensor gelu(Tensor x) {
        return pointwise.map("gelu", "gelu", x);
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        return pointwise.mapBackward("geluBackward", x, dy);
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) {
        return pointwise.clamp(x, low, high);
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) {
        return pointwise.clampBackward(x, low, high, dy);
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        Arguments.floating("matmul", type, a, b);
        Shape shape = Arguments.matmul(a.shape(), transposeA, b.shape(), transposeB);
        int k = a.shape().dim(transposeA ? -2 : -1);
        Extents extents = new Extents(shape.product(0, shape.rank() - 2), shape.dim(-2), shape.dim(-1), k);
        long first = tensors.address(a);
        long second = tensors.address(b);
        Tensor out = tensors.create(shape);
        products.multiply(extents, 1, first, transposeA, second, transposeB, tensors.address(out));
        return out;
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        Arguments.floating("linear", type, x, w);
        Shape shape = Arguments.linear(x.shape(), w.shape());
        int n = w.shape().dim(0);
        if (bias != null) {
            Arguments.floating("linear", type, bias);
            Arguments.shape("linear's bias", Shape.of(n), bias);
        }
        int samples = x.shape().product(0, x.shape().rank() - 1);
        long first = tensors.address(x);
        long second = tensors.address(w);
        long offset = bias == null ? 0 : tensors.address(bias);
        Tensor out = tensors.create(shape);
        long to = tensors.address(out);
        Extents extents = new Extents(1, samples, n, w.shape().dim(1));
        products.multiply(extents, 1, first, false, second, true, to);
        if (bias != null) {
            Layout rows = Layout.broadcast(Shape.of(1, n), Shape.of(samples, n));
            pointwise.arithmetic("add", to, offset, to, out.size(), rows);
        }
        return out;
    }

    @Override
    public Attended attention(Tensor q, Tensor k, Tensor v, double scale) {
        return attention(q, k, v, 1, scale);
    }

    @Override
    public AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
        return attentionBackward(q, k, v, 1, scale, forward, dout);
    }

    @Override
    public Attended attention(Tensor q, Tensor k, Tensor v, int heads, double scale) {
        return attention.attend(q, k, v, heads, scale);
    }

    @Override
    public AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, int heads, double scale, Attended forward, Tensor dout) {
        return attention.gradients(q, k, v, heads, scale, forward, dout);
    }

    @Override
    public Attended selfAttention(Tensor qkv, int heads, double scale) {
        return attention.attendSelf(qkv, heads, scale);
    }

    @Override
    public Tensor selfAttentionBackward(Tensor qkv, int heads, double scale, Attended forward, Tensor dout) {
        return attention.gradientOfSelf(qkv, heads, scale, forward, dout);
    }

    // ---- tokens of a sample, with a vector for each sample --------------------------------------------------

    @Override
    public Tensor modulate(Tensor z, Tensor shift, Tensor scale) {
        return tokens.modulate(z, shift, scale);
    }

    @Override
    public ModulationGradients modulateBackward(Tensor z, Tensor scale, Tensor dy) {
        return Tokens.sumsColumns(z)
                ? tokens.modulateBackward(z, scale, dy)
                : Backend.super.modulateBackward(z, scale, dy);
    }

    @Override
    public Tensor addGated(Tensor x, Tensor h, Tensor gate) {
        return tokens.addGated(x, h, gate);
    }

    @Override
    public GateGradients addGatedBackward(Tensor h, Tensor gate, Tensor dy) {
        return Tokens.sumsColumns(h)
                ? tokens.addGatedBackward(h, gate, dy)
                : Backend.super.addGatedBackward(h, gate, dy);
    }

    // ---- rows -----------------------------------------------------------------------------------------------

    @Override
    public Normalized layerNorm(Tensor x, double eps) {
        return rows.layerNorm(x, eps);
    }

    @Override
    public Tensor layerNormBackward(Normalized forward, Tensor dy) {
        return rows.layerNormBackward(forward, dy);
    }

    @Override
    public Tensor softmax(Tensor x) {
        return rows.softmax(x);
    }

    @Override
    public Tensor softmaxBackward(Tensor y, Tensor dy) {
        return rows.softmaxBackward(y, dy);
    }

    // ---- sums -----------------------------------------------------------------------------------------------

    @Override
    public Tensor sumTo(Tensor x, Shape to) {
        return sums.sumTo(x, to);
    }

    @Override
    public Tensor sumOfSquares(Tensor x) {
        return sums.sumOfSquares(x);
    }

    @Override
    public Tensor countNonFinite(Tensor x) {
        return sums.countNonFinite(x);
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    @Override
    public Tensor permute(Tensor x, int... axes) {
        return layouts.permute(x, axes);
    }

    @Override
    public Tensor concat(int axis, List<Tensor> parts) {
        return layouts.concat(axis, parts);
    }

    @Override
    public Tensor slice(Tensor x, int axis, int from, int to) {
        return layouts.slice(x, axis, from, to);
    }

    @Override
    public Tensor gather(Tensor table, Tensor indices) {
        return layouts.gather(table, indices);
    }

    @Override
    public Tensor gatherBackward(Tensor dy, Tensor indices, int rows) {
        return layouts.gatherBackward(dy, indices, rows);
    }

    // ---- in place -------------------------------------------------------------------------------------------

    @Override
    public void addInPlace(Tensor accumulator, Tensor x) {
        pointwise.addInPlace(accumulator, x);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        optimizer.adamW(w, g, m, v, step);
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) {
        optimizer.average(target, x, decay);
    }

    @Override
    public void train(Tensor w, Tensor g, Tensor factor, Tensor m, Tensor v, Tensor ema, AdamWStep step, double decay) {
        optimizer.train(w, g, factor, m, v, ema, step, decay);
    }
}
