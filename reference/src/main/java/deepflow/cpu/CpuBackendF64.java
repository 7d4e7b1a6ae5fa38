package deepflow.cpu;

import static deepflow.cpu.MemoryF64.indices;
import static deepflow.cpu.MemoryF64.values;

import deepflow.cpu.ArithmeticF64.Operation;
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
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// [Backend] on the CPU, in float64: checks arguments, allocates results, and hands arrays to the kernels.
final class CpuBackendF64 implements Backend {
    private static final DType TYPE = MemoryF64.TYPE;
    /// Elementary operations in an exponential, a hyperbolic tangent and a call of StrictMath, roughly.
    private static final int COST = 20;

    private final Threads threads;
    private final MemoryF64 memory = new MemoryF64();
    private final AttentionOperationsF64 attentions;
    private final TokenOperationsF64 tokens;

    CpuBackendF64(int threads) {
        this.threads = new Threads(threads);
        this.attentions = new AttentionOperationsF64(this.threads, memory);
        this.tokens = new TokenOperationsF64(this.threads, memory);
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
    public Tensor uploadIndices(int[] values, Shape shape) {
        return memory.uploadIndices(values, shape);
    }

    @Override
    public double[] download(Tensor x) { // keep
        return MemoryF64.download(x);
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

    private Tensor arithmetic(String name, Operation operation, Tensor x, Tensor y) {
        Arguments.floating(name, TYPE, x, y);
        Arguments.broadcasts(name, x, y);
        double[] out = memory.array(x.shape());
        ArithmeticF64.apply(threads, operation, values(x), values(y), out, Pattern.of(y.shape(), x.shape()));
        return tensor(x.shape(), out);
    }

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return arithmetic("add", Operation.ADD, x, y);
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return arithmetic("subtract", Operation.SUBTRACT, x, y);
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        return arithmetic("multiply", Operation.MULTIPLY, x, y);
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        return arithmetic("divide", Operation.DIVIDE, x, y);
    }

    @Override
    public Tensor scale(Tensor x, double factor) { // keep
        Arguments.floating("scale", TYPE, x);
        double[] out = memory.array(x.shape());
        ArithmeticF64.apply(threads, Operation.MULTIPLY, values(x), FormatF64.round(factor), out);
        return tensor(x.shape(), out);
    }

    private Tensor map(String name, int cost, Tensor x, ActivationsF64.Forward kernel) {
        Arguments.floating(name, TYPE, x);
        double[] in = values(x);
        double[] out = memory.array(x.shape());
        threads.split(out.length, cost, LanesF64.VIRTUAL, (from, to) -> kernel.apply(in, out, from, to));
        return tensor(x.shape(), out);
    }

    private Tensor mapBackward(String name, int cost, Tensor x, Tensor dy, ActivationsF64.Backward kernel) {
        Arguments.floating(name, TYPE, x, dy);
        Arguments.same(name, x, dy);
        double[] in = values(x);
        double[] gradient = values(dy);
        double[] out = memory.array(x.shape());
        threads.split(out.length, cost, LanesF64.VIRTUAL, (from, to) -> kernel.apply(in, gradient, out, from, to));
        return tensor(x.shape(), out);
    }

    @Override
    public Tensor sqrt(Tensor x) {
        return map("sqrt", 1, x, ActivationsF64::sqrt);
    }

    @Override
    public Tensor sin(Tensor x) {
        return map("sin", COST, x, ActivationsF64::sin);
    }

    @Override
    public Tensor cos(Tensor x) {
        return map("cos", COST, x, ActivationsF64::cos);
    }

    @Override
    public Tensor silu(Tensor x) {
        return map("silu", COST, x, ActivationsF64::silu);
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        return mapBackward("siluBackward", COST, x, dy, ActivationsF64::siluBackward);
    }

    @Override
    public Tensor gelu(Tensor x) {
        return map("gelu", COST, x, ActivationsF64::gelu);
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        return mapBackward("geluBackward", COST, x, dy, ActivationsF64::geluBackward);
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) { // keep
        Arguments.bounds("clamp", low, high);
        double l = FormatF64.round(low);
        double h = FormatF64.round(high);
        return map("clamp", 1, x, (in, out, from, to) -> ActivationsF64.clamp(in, l, h, out, from, to));
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) { // keep
        Arguments.bounds("clampBackward", low, high);
        double l = FormatF64.round(low);
        double h = FormatF64.round(high);
        return mapBackward(
                "clampBackward",
                1,
                x,
                dy,
                (in, gradient, out, from, to) -> ActivationsF64.clampBackward(in, l, h, gradient, out, from, to));
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        Arguments.floating("matmul", TYPE, a, b);
        Shape shape = Arguments.matmul(a.shape(), transposeA, b.shape(), transposeB);
        int k = a.shape().dim(transposeA ? -2 : -1);
        ProductSize size = new ProductSize(shape.product(0, shape.rank() - 2), shape.dim(-2), shape.dim(-1), k);
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
        ProductSize size = new ProductSize(1, x.shape().product(0, x.shape().rank() - 1), n, k);
        double[] b = bias == null ? null : values(bias);
        ProductsF64.multiply(threads, memory.pool(), size, values(x), false, values(w), true, b, out);
        return tensor(shape, out);
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

    /// A function of rows [from, to).
    private void rows(Shape shape, int cost, Threads.Range kernel) {
        int d = shape.dim(-1);
        threads.split(shape.product(0, shape.rank() - 1), (double) d * cost, 1, kernel);
    }

    @Override
    public Normalized layerNorm(Tensor x, double eps) { // keep
        Arguments.floating("layerNorm", TYPE, x);
        Arguments.rows("layerNorm", x);
        int d = x.shape().dim(-1);
        double[] in = values(x);
        double[] y = memory.array(x.shape());
        double[] rstd = memory.array(x.shape().with(-1, 1));
        double e = FormatF64.round(eps);
        rows(x.shape(), 4, (from, to) -> RowsF64.layerNorm(in, e, y, rstd, d, from, to));
        return new Normalized(tensor(x.shape(), y), tensor(x.shape().with(-1, 1), rstd));
    }

    @Override
    public Tensor layerNormBackward(Normalized forward, Tensor dy) {
        Arguments.layerNormBackward(TYPE, forward, dy);
        int d = dy.shape().dim(-1);
        double[] y = values(forward.y());
        double[] rstd = values(forward.rstd());
        double[] gradient = values(dy);
        double[] dx = memory.array(dy.shape());
        rows(dy.shape(), 4, (from, to) -> RowsF64.layerNormBackward(y, rstd, gradient, dx, d, from, to));
        return tensor(dy.shape(), dx);
    }

    @Override
    public Tensor softmax(Tensor x) {
        Arguments.floating("softmax", TYPE, x);
        Arguments.rows("softmax", x);
        int d = x.shape().dim(-1);
        double[] in = values(x);
        double[] y = memory.array(x.shape());
        rows(x.shape(), COST, (from, to) -> RowsF64.softmax(in, y, d, from, to));
        return tensor(x.shape(), y);
    }

    @Override
    public Tensor softmaxBackward(Tensor y, Tensor dy) {
        Arguments.floating("softmaxBackward", TYPE, y, dy);
        Arguments.rows("softmaxBackward", y);
        Arguments.same("softmaxBackward", y, dy);
        int d = y.shape().dim(-1);
        double[] p = values(y);
        double[] gradient = values(dy);
        double[] dx = memory.array(y.shape());
        rows(y.shape(), 3, (from, to) -> RowsF64.softmaxBackward(p, gradient, dx, d, from, to));
        return tensor(y.shape(), dx);
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
        Arguments.adamW(TYPE, w, g, m, v);
        double[] weight = values(w);
        double[] gradient = values(g);
        double[] first = values(m);
        double[] second = values(v);
        AdamWFactors factors = AdamWFactors.of(step);
        threads.split(
                weight.length,
                4,
                LanesF64.VIRTUAL,
                (from, to) -> OptimizerF64.adamW(weight, gradient, 0, first, second, factors, from, to));
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) { // keep
        Arguments.floating("average", TYPE, target, x);
        Arguments.same("average", target, x);
        double[] a = values(target);
        double[] b = values(x);
        double d = FormatF64.round(decay);
        threads.split(a.length, 1, LanesF64.VIRTUAL, (from, to) -> OptimizerF64.average(a, b, d, from, to));
    }

    @Override
    public void train(
            Tensor w, Tensor g, Tensor factor, Tensor m, Tensor v, Tensor ema, AdamWStep step, double decay) { // keep
        Arguments.train(TYPE, w, g, factor, m, v, ema);
        double[] weight = values(w);
        double[] gradient = values(g);
        double[] first = values(m);
        double[] second = values(v);
        double[] mean = values(ema);
        double clip = values(factor)[0];
        double d = FormatF64.round(decay);
        AdamWFactors factors = AdamWFactors.of(step);
        threads.split(
                weight.length,
                6,
                LanesF64.VIRTUAL,
                (from, to) -> OptimizerF64.train(weight, gradient, clip, first, second, mean, factors, d, from, to));
    }
}
