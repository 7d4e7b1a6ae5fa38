package deepflow.cpu;

import static deepflow.cpu.MemoryF64.indices;
import static deepflow.cpu.MemoryF64.values;

import deepflow.cpu.ArithmeticF64.Operation;
import deepflow.cpu.PointwiseOperationsF64.Cost;
import deepflow.tensor.Accumulation;
import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
import deepflow.tensor.Arguments;
import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.GateGradients;
import deepflow.tensor.ModulationGradients;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// [Backend] on the CPU, in float64: checks arguments, allocates results, and hands arrays to the kernels.
final class CpuBackendF64 implements Backend {
    private static final DType TYPE = MemoryF64.TYPE;

    private final Accumulation accumulation;
    private final Threads threads;
    private final MemoryF64 memory;
    private final PointwiseOperationsF64 pointwise;
    private final AttentionOperationsF64 attentions;
    private final TokenOperationsF64 tokens;
    private final RowOperationsF64 rows;
    private final OptimizerOperationsF64 optimizer;

    /// @param accumulation of products
    CpuBackendF64(Accumulation accumulation, int threads) {
        this.accumulation = accumulation;
        this.threads = new Threads(threads);
        this.memory = new MemoryF64(this.threads);
        this.pointwise = new PointwiseOperationsF64(this.threads, memory);
        this.attentions = new AttentionOperationsF64(this.threads, memory);
        this.tokens = new TokenOperationsF64(this.threads, memory);
        this.rows = new RowOperationsF64(this.threads, memory);
        this.optimizer = new OptimizerOperationsF64(this.threads);
    }

    @Override
    public String name() {
        return "cpu-f" + Double.SIZE;
    }

    @Override
    public DType dtype() {
        return TYPE;
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    @Override
    public Tensor upload(double[] values, Shape shape) { // keep
        return memory.upload(values, shape);
    }

    @Override
    public Tensor upload(double[] values, Shape shape, int axis, int[] order) { // keep
        return memory.upload(values, shape, axis, order);
    }

    @Override
    public Tensor uploadIndices(int[] values, Shape shape) {
        return memory.uploadIndices(values, shape);
    }

    @Override
    public double[] download(Tensor x) { // keep
        return memory.download(x);
    }

    @Override
    public void download(Tensor x, double[] into) { // keep
        memory.download(x, into);
    }

    @Override
    public double[] array(int elements) { // keep
        return memory.array(elements);
    }

    @Override
    public void giveBack(double[] array) { // keep
        memory.giveBack(array);
    }

    @Override
    public Tensor adopt(double[] values, Shape shape) { // keep
        return memory.adopt(values, shape);
    }

    @Override
    public double[] elements(Tensor x) { // keep
        return memory.elements(x);
    }

    @Override
    public double[] take(Tensor x) { // keep
        return memory.take(x);
    }

    @Override
    public Tensor full(Shape shape, double value) { // keep
        double[] out = memory.array(shape);
        Arrays.fill(out, LanesF64.canonical(FormatF64.round(value)));
        return tensor(shape, out);
    }

    @Override
    public Tensor copy(Tensor x) {
        return x.dtype() == DType.I32
                ? uploadIndices(indices(x), x.shape())
                : tensor(x.shape(), memory.copy(values(x), x.shape()));
    }

    @Override
    public void release(Tensor x) {
        memory.release(x);
    }

    @Override
    public Arena arena() {
        return memory.arena();
    }

    @Override
    public void close() {
        memory.close();
        threads.close();
    }

    private Tensor tensor(Shape shape, double[] values) {
        return memory.tensor(shape, values);
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return pointwise.arithmetic("add", Operation.ADD, x, y);
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return pointwise.arithmetic("subtract", Operation.SUBTRACT, x, y);
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        return pointwise.arithmetic("multiply", Operation.MULTIPLY, x, y);
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        return pointwise.arithmetic("divide", Operation.DIVIDE, x, y);
    }

    @Override
    public Tensor scale(Tensor x, double factor) { // keep
        return pointwise.scale(x, factor);
    }

    @Override
    public Tensor sqrt(Tensor x) {
        return pointwise.map("sqrt", Cost.ARITHMETIC, x, ActivationsF64::sqrt);
    }

    @Override
    public Tensor sin(Tensor x) {
        return pointwise.map("sin", Cost.TRANSCENDENTAL, x, ActivationsF64::sin);
    }

    @Override
    public Tensor cos(Tensor x) {
        return pointwise.map("cos", Cost.TRANSCENDENTAL, x, ActivationsF64::cos);
    }

    @Override
    public Tensor silu(Tensor x) {
        return pointwise.map("silu", Cost.TRANSCENDENTAL, x, ActivationsF64::silu);
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        return pointwise.mapBackward("siluBackward", Cost.TRANSCENDENTAL, x, dy, ActivationsF64::siluBackward);
    }

    @Override
    public Tensor gelu(Tensor x) {
        return pointwise.map("gelu", Cost.TRANSCENDENTAL, x, ActivationsF64::gelu);
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        return pointwise.mapBackward("geluBackward", Cost.TRANSCENDENTAL, x, dy, ActivationsF64::geluBackward);
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) { // keep
        return pointwise.clamp(x, low, high);
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) { // keep
        return pointwise.clampBackward(x, low, high, dy);
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        Arguments.floating("matmul", TYPE, a, b);
        Shape shape = Arguments.matmul(a.shape(), transposeA, b.shape(), transposeB);
        int k = a.shape().dim(transposeA ? -2 : -1);
        ProductSize size =
                new ProductSize(shape.product(0, shape.rank() - 2), shape.dim(-2), shape.dim(-1), k, block(k));
        double[] out = memory.array(shape);
        ProductsF64.multiply(threads, memory.pool(), size, values(a), transposeA, values(b), transposeB, null, out);
        return tensor(shape, out);
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        Arguments.floating("linear", TYPE, x, w);
        Shape shape = Arguments.linear(x.shape(), w.shape());
        int n = w.shape().dim(0);
        int k = w.shape().dim(1);
        if (bias != null) {
            Arguments.floating("linear", TYPE, bias);
            Arguments.shape("linear's bias", Shape.of(n), bias);
        }
        double[] out = memory.array(shape);
        ProductSize size = new ProductSize(1, x.shape().product(0, x.shape().rank() - 1), n, k, block(k));
        double[] b = bias == null ? null : values(bias);
        ProductsF64.multiply(threads, memory.pool(), size, values(x), false, values(w), true, b, out);
        return tensor(shape, out);
    }

    /// Terms that are added to each other before they are added to the total.
    private int block(int k) {
        return switch (accumulation) {
            case OWN -> ProductsF64.K_BLOCK;
            case SEQUENTIAL -> Math.max(1, k);
        };
    }

    @Override
    public Attended attention(Tensor q, Tensor k, Tensor v, double scale) { // keep
        return attention(q, k, v, 1, scale);
    }

    @Override
    public AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) { // keep
        return attentionBackward(q, k, v, 1, scale, forward, dout);
    }

    @Override
    public Attended attention(Tensor q, Tensor k, Tensor v, int heads, double scale) { // keep
        return attentions.attention(q, k, v, heads, scale);
    }

    @Override
    public AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, int heads, double scale, Attended forward, Tensor dout) { // keep
        return attentions.attentionBackward(q, k, v, heads, scale, dout);
    }

    @Override
    public Attended selfAttention(Tensor qkv, int heads, double scale) { // keep
        return attentions.selfAttention(qkv, heads, scale);
    }

    @Override
    public Tensor selfAttentionBackward(Tensor qkv, int heads, double scale, Attended forward, Tensor dout) { // keep
        return attentions.selfAttentionBackward(qkv, heads, scale, dout);
    }

    // ---- tokens of a sample, with a vector for each sample --------------------------------------------------

    @Override
    public Tensor modulate(Tensor z, Tensor shift, Tensor scale) {
        return tokens.modulate(z, shift, scale);
    }

    @Override
    public ModulationGradients modulateBackward(Tensor z, Tensor scale, Tensor dy) {
        return TokenOperationsF64.sumsColumns(z)
                ? tokens.modulateBackward(z, scale, dy)
                : Backend.super.modulateBackward(z, scale, dy);
    }

    @Override
    public Tensor addGated(Tensor x, Tensor h, Tensor gate) {
        return tokens.addGated(x, h, gate);
    }

    @Override
    public GateGradients addGatedBackward(Tensor h, Tensor gate, Tensor dy) {
        return TokenOperationsF64.sumsColumns(h)
                ? tokens.addGatedBackward(h, gate, dy)
                : Backend.super.addGatedBackward(h, gate, dy);
    }

    // ---- rows -----------------------------------------------------------------------------------------------

    @Override
    public Normalized layerNorm(Tensor x, double eps) { // keep
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
        Arguments.floating("sumTo", TYPE, x);
        Arguments.sumTo(x.shape(), to);
        return tensor(to, SumsF64.over(threads, values(x), Pattern.of(to, x.shape())));
    }

    @Override
    public Tensor sumOfSquares(Tensor x) {
        Arguments.floating("sumOfSquares", TYPE, x);
        return tensor(Shape.SCALAR, new double[] {SumsF64.ofSquares(threads, values(x))});
    }

    @Override
    public Tensor countNonFinite(Tensor x) {
        Arguments.floating("countNonFinite", TYPE, x);
        return tensor(Shape.SCALAR, new double[] {SumsF64.nonFinite(threads, values(x))});
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    @Override
    public Tensor permute(Tensor x, int... axes) {
        Arguments.floating("permute", TYPE, x);
        Shape shape = Arguments.permute(x.shape(), axes);
        double[] out = memory.array(shape);
        LayoutF64.permute(threads, values(x), x.shape(), shape, axes, out);
        return tensor(shape, out);
    }

    @Override
    public Tensor concat(int axis, List<Tensor> parts) {
        Arguments.floating("concat", TYPE, parts.toArray(new Tensor[0]));
        Shape shape = Arguments.concat(axis, parts);
        double[] out = memory.array(shape);
        int at = 0;
        for (Tensor part : parts) {
            at += LayoutF64.insert(values(part), part.shape(), shape, shape.axis(axis), at, out);
        }
        return tensor(shape, out);
    }

    @Override
    public Tensor slice(Tensor x, int axis, int from, int to) {
        Arguments.floating("slice", TYPE, x);
        Shape shape = Arguments.slice(x.shape(), axis, from, to);
        double[] out = memory.array(shape);
        LayoutF64.slice(values(x), x.shape(), shape, shape.axis(axis), from, out);
        return tensor(shape, out);
    }

    @Override
    public Tensor gather(Tensor table, Tensor indices) {
        Arguments.floating("gather", TYPE, table);
        Arguments.indices("gather", indices);
        Shape shape = Arguments.gather(table.shape(), indices.shape());
        double[] out = memory.array(shape);
        LayoutF64.gather(values(table), table.shape().dim(0), indices(indices), shape.dim(1), out);
        return tensor(shape, out);
    }

    @Override
    public Tensor gatherBackward(Tensor dy, Tensor indices, int rows) {
        Arguments.floating("gatherBackward", TYPE, dy);
        Arguments.indices("gatherBackward", indices);
        Shape shape = Arguments.gatherBackward(dy.shape(), indices.shape(), rows);
        double[] out = memory.array(shape);
        LayoutF64.gatherBackward(values(dy), indices(indices), shape.dim(1), rows, out);
        return tensor(shape, out);
    }

    // ---- in place -------------------------------------------------------------------------------------------

    @Override
    public void addInPlace(Tensor accumulator, Tensor x) {
        Arguments.floating("addInPlace", TYPE, accumulator, x);
        Arguments.same("addInPlace", accumulator, x);
        double[] sum = values(accumulator);
        ArithmeticF64.apply(threads, Operation.ADD, sum, values(x), sum, Pattern.of(x.shape(), x.shape()));
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        optimizer.adamW(w, g, m, v, step);
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) { // keep
        optimizer.average(target, x, decay);
    }

    @Override
    public void train(
            Tensor w, Tensor g, Tensor factor, Tensor m, Tensor v, Tensor ema, AdamWStep step, double decay) { // keep
        optimizer.train(w, g, factor, m, v, ema, step, decay);
    }
}
