package deepflow.oracle.zoo;

import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A back end some of whose operations compute something else.
///
/// @param inner computes; stays open when this closes
record AlteredBackend(Backend inner, Alteration alteration) implements Backend {
    @Override
    public String name() {
        return inner.name() + " altered";
    }

    @Override
    public DType dtype() {
        return inner.dtype();
    }

    @Override
    public Tensor upload(double[] values, Shape shape) {
        return inner.upload(values, shape);
    }

    @Override
    public Tensor uploadIndices(int[] values, Shape shape) {
        return inner.uploadIndices(values, shape);
    }

    @Override
    public double[] download(Tensor x) {
        return inner.download(x);
    }

    @Override
    public Tensor full(Shape shape, double value) {
        return inner.full(shape, value);
    }

    @Override
    public Tensor copy(Tensor x) {
        return inner.copy(x);
    }

    @Override
    public Arena arena() {
        return inner.arena();
    }

    @Override
    public void close() {
        // the back end underneath belongs to whoever opened it
    }

    @Override
    public Tensor inTypeOf(Tensor x, Tensor like) {
        return inner.inTypeOf(x, like);
    }

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return inner.add(x, y);
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return inner.subtract(x, y);
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        return inner.multiply(x, y);
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        return inner.divide(x, y);
    }

    @Override
    public Tensor scale(Tensor x, double factor) {
        return inner.scale(x, factor);
    }

    @Override
    public Tensor sqrt(Tensor x) {
        return inner.sqrt(x);
    }

    @Override
    public Tensor sin(Tensor x) {
        return inner.sin(x);
    }

    @Override
    public Tensor cos(Tensor x) {
        return inner.cos(x);
    }

    @Override
    public Tensor silu(Tensor x) {
        return inner.silu(x);
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        return alteration.siluBackward(inner, x, dy);
    }

    @Override
    public Tensor gelu(Tensor x) {
        return alteration.gelu(inner, x);
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        return alteration.geluBackward(inner, x, dy);
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) {
        return inner.clamp(x, low, high);
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) {
        return inner.clampBackward(x, low, high, dy);
    }

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        return alteration.matmul(inner, a, transposeA, b, transposeB);
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        return alteration.linear(inner, x, w, bias);
    }

    @Override
    public Attended attention(Tensor q, Tensor k, Tensor v, double scale) {
        return alteration.attention(inner, q, k, v, scale);
    }

    @Override
    public AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
        return alteration.attentionBackward(inner, q, k, v, scale, forward, dout);
    }

    @Override
    public Normalized layerNorm(Tensor x, double eps) {
        return alteration.layerNorm(inner, x, eps);
    }

    @Override
    public Tensor layerNormBackward(Normalized forward, Tensor dy) {
        return alteration.layerNormBackward(inner, forward, dy);
    }

    @Override
    public Tensor softmax(Tensor x) {
        return inner.softmax(x);
    }

    @Override
    public Tensor softmaxBackward(Tensor y, Tensor dy) {
        return inner.softmaxBackward(y, dy);
    }

    @Override
    public Tensor sumTo(Tensor x, Shape to) {
        return inner.sumTo(x, to);
    }

    @Override
    public Tensor sumOfSquares(Tensor x) {
        return inner.sumOfSquares(x);
    }

    @Override
    public Tensor countNonFinite(Tensor x) {
        return inner.countNonFinite(x);
    }

    @Override
    public Tensor permute(Tensor x, int... axes) {
        return inner.permute(x, axes);
    }

    @Override
    public Tensor concat(int axis, List<Tensor> parts) {
        return inner.concat(axis, parts);
    }

    @Override
    public Tensor slice(Tensor x, int axis, int from, int to) {
        return inner.slice(x, axis, from, to);
    }

    @Override
    public Tensor gather(Tensor table, Tensor indices) {
        return inner.gather(table, indices);
    }

    @Override
    public Tensor gatherBackward(Tensor dy, Tensor indices, int rows) {
        return alteration.gatherBackward(inner, dy, indices, rows);
    }

    @Override
    public void addInPlace(Tensor accumulator, Tensor x) {
        inner.addInPlace(accumulator, x);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        inner.adamW(w, g, m, v, step);
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) {
        inner.average(target, x, decay);
    }

    @Override
    public void release(Tensor x) {
        inner.release(x);
    }
}
