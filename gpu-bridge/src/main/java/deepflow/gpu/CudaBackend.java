package deepflow.gpu;

import deepflow.gpu.device.Device;
import deepflow.gpu.device.KernelCache;
import deepflow.tensor.Accumulation;
import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
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
    private final Operations operations;
    private boolean closed;

    /// Opens a GPU. Kernels are compiled when they are first needed.
    ///
    /// @param index which, from 0
    /// @param cache where compiled kernels are kept
    /// @throws DeviceFailure if there is no such GPU, a library refuses, float64 is to be multiplied in a lower
    ///     precision, or terms of products are to be added in an order of the caller's
    public CudaBackend(int index, BackendOptions options, KernelCache cache) {
        this.type = options.dtype();
        this.precision = options.products();
        if (type == DType.F64 && precision != ProductPrecision.FULL) {
            throw new DeviceFailure("Device cuda multiplies float64 in full precision only, not in " + precision
                    + ": choose float32 for products in " + precision + ".");
        }
        if (options.accumulation() != Accumulation.OWN) {
            throw new DeviceFailure("Device cuda adds the terms of products as cuBLAS does, not in "
                    + options.accumulation() + " order: choose the CPU.");
        }
        this.operations = Operations.open(index, type, precision, cache);
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
        return operations.tensors().address(x);
    }

    /// The stream of all work, a `cudaStream_t`: what is called on it runs after everything that was called
    /// here before.
    public long stream() {
        return operations.device().stream().address();
    }

    /// The GPU.
    public Device device() {
        return operations.device();
    }

    @Override
    public ProductPrecision productPrecision() {
        return precision;
    }

    @Override
    public void synchronize() {
        operations.device().synchronize();
    }

    /// What the GPU has, less a share for the libraries' own needs and for sizes that are rounded up.
    @Override
    public OptionalLong memory() {
        return OptionalLong.of(operations.device().memoryInAll() / 100 * 92);
    }

    /// Bytes of the GPU's memory that tensors hold now.
    public long memoryTaken() {
        return operations.tensors().taken();
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    @Override
    public Tensor upload(double[] values, Shape shape) {
        return operations.tensors().upload(values, shape);
    }

    @Override
    public Tensor uploadIndices(int[] values, Shape shape) {
        return operations.tensors().uploadIndices(values, shape);
    }

    @Override
    public double[] download(Tensor x) {
        return operations.tensors().download(x);
    }

    @Override
    public Tensor full(Shape shape, double value) {
        return operations.pointwise().full(shape, value);
    }

    @Override
    public Tensor copy(Tensor x) {
        return operations.layouts().copy(x);
    }

    @Override
    public void release(Tensor x) {
        operations.tensors().release(x);
    }

    @Override
    public Arena arena() {
        return operations.tensors().arena();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            operations.close();
        }
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return operations.pointwise().arithmetic("add", x, y);
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return operations.pointwise().arithmetic("subtract", x, y);
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        return operations.pointwise().arithmetic("multiply", x, y);
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        return operations.pointwise().arithmetic("divide", x, y);
    }

    @Override
    public Tensor scale(Tensor x, double factor) {
        return operations.pointwise().scale(x, factor);
    }

    @Override
    public Tensor sqrt(Tensor x) {
        return operations.pointwise().map("sqrt", "root", x);
    }

    @Override
    public Tensor sin(Tensor x) {
        return operations.pointwise().map("sin", "sine", x);
    }

    @Override
    public Tensor cos(Tensor x) {
        return operations.pointwise().map("cos", "cosine", x);
    }

    @Override
    public Tensor silu(Tensor x) {
        return operations.pointwise().map("silu", "silu", x);
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        return operations.pointwise().mapBackward("siluBackward", x, dy);
    }

    @Override
    public Tensor gelu(Tensor x) {
        return operations.pointwise().map("gelu", "gelu", x);
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        return operations.pointwise().mapBackward("geluBackward", x, dy);
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) {
        return operations.pointwise().clamp(x, low, high);
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) {
        return operations.pointwise().clampBackward(x, low, high, dy);
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        return operations.products().matmul(a, transposeA, b, transposeB);
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        return operations.products().linear(x, w, bias);
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
        return operations.attention().attend(q, k, v, heads, scale);
    }

    @Override
    public AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, int heads, double scale, Attended forward, Tensor dout) {
        return operations.attention().gradients(q, k, v, heads, scale, forward, dout);
    }

    @Override
    public Attended selfAttention(Tensor qkv, int heads, double scale) {
        return operations.attention().attendSelf(qkv, heads, scale);
    }

    @Override
    public Tensor selfAttentionBackward(Tensor qkv, int heads, double scale, Attended forward, Tensor dout) {
        return operations.attention().gradientOfSelf(qkv, heads, scale, forward, dout);
    }

    // ---- tokens of a sample, with a vector for each sample --------------------------------------------------

    @Override
    public Tensor modulate(Tensor z, Tensor shift, Tensor scale) {
        return operations.tokens().modulate(z, shift, scale);
    }

    @Override
    public ModulationGradients modulateBackward(Tensor z, Tensor scale, Tensor dy) {
        return Tokens.sumsColumns(z)
                ? operations.tokens().modulateBackward(z, scale, dy)
                : Backend.super.modulateBackward(z, scale, dy);
    }

    @Override
    public Tensor addGated(Tensor x, Tensor h, Tensor gate) {
        return operations.tokens().addGated(x, h, gate);
    }

    @Override
    public GateGradients addGatedBackward(Tensor h, Tensor gate, Tensor dy) {
        return Tokens.sumsColumns(h)
                ? operations.tokens().addGatedBackward(h, gate, dy)
                : Backend.super.addGatedBackward(h, gate, dy);
    }

    // ---- rows -----------------------------------------------------------------------------------------------

    @Override
    public Normalized layerNorm(Tensor x, double eps) {
        return operations.rows().layerNorm(x, eps);
    }

    @Override
    public Tensor layerNormBackward(Normalized forward, Tensor dy) {
        return operations.rows().layerNormBackward(forward, dy);
    }

    @Override
    public Tensor softmax(Tensor x) {
        return operations.rows().softmax(x);
    }

    @Override
    public Tensor softmaxBackward(Tensor y, Tensor dy) {
        return operations.rows().softmaxBackward(y, dy);
    }

    // ---- sums -----------------------------------------------------------------------------------------------

    @Override
    public Tensor sumTo(Tensor x, Shape to) {
        return operations.sums().sumTo(x, to);
    }

    @Override
    public Tensor sumOfSquares(Tensor x) {
        return operations.sums().sumOfSquares(x);
    }

    @Override
    public Tensor countNonFinite(Tensor x) {
        return operations.sums().countNonFinite(x);
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    @Override
    public Tensor permute(Tensor x, int... axes) {
        return operations.layouts().permute(x, axes);
    }

    @Override
    public Tensor concat(int axis, List<Tensor> parts) {
        return operations.layouts().concat(axis, parts);
    }

    @Override
    public Tensor slice(Tensor x, int axis, int from, int to) {
        return operations.layouts().slice(x, axis, from, to);
    }

    @Override
    public Tensor gather(Tensor table, Tensor indices) {
        return operations.layouts().gather(table, indices);
    }

    @Override
    public Tensor gatherBackward(Tensor dy, Tensor indices, int rows) {
        return operations.layouts().gatherBackward(dy, indices, rows);
    }

    // ---- in place -------------------------------------------------------------------------------------------

    @Override
    public void addInPlace(Tensor accumulator, Tensor x) {
        operations.pointwise().addInPlace(accumulator, x);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        operations.optimizer().adamW(w, g, m, v, step);
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) {
        operations.optimizer().average(target, x, decay);
    }

    @Override
    public void train(Tensor w, Tensor g, Tensor factor, Tensor m, Tensor v, Tensor ema, AdamWStep step, double decay) {
        operations.optimizer().train(w, g, factor, m, v, ema, step, decay);
    }
}
