package deepflow.autograd;

import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Linear layers and attention, and their derivatives.
public final class Products {
    private Products() {}

    /// x·wᵀ + bias.
    ///
    /// @param x (…, I)
    /// @param w (O, I)
    /// @param bias (O), or null for none
    /// @return (…, O)
    public static Variable linear(Variable x, Variable w, @Nullable Variable bias) {
        Backend b = x.backend();
        Tensor y = b.linear(x.value(), w.value(), bias == null ? null : bias.value());
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        int rows = Math.toIntExact(y.size() / Math.max(1, out));
        Variable[] inputs = bias == null ? new Variable[] {x, w} : new Variable[] {x, w, bias};
        return x.tape()
                .record(
                        y,
                        dy -> { // y = x·wᵀ + bias
                            Tensor dy2 = dy.reshape(rows, out);
                            x.accumulate(
                                    () -> b.matmul(dy2, false, w.value(), false).reshape(x.shape()));
                            w.accumulate(() -> b.matmul(dy2, true, x.value().reshape(rows, in), false));
                            if (bias != null) {
                                bias.accumulate(
                                        () -> b.sumTo(dy2, Shape.of(1, out)).reshape(bias.shape()));
                            }
                        },
                        inputs);
    }

    /// softmax(scale·q·kᵀ)·v, batch by batch.
    ///
    /// @param q (B, T, d)
    /// @param k (B, S, d)
    /// @param v (B, S, d)
    /// @return (B, T, d)
    public static Variable attention(Variable q, Variable k, Variable v, double scale) {
        Backend b = q.backend();
        Attended y = b.attention(q.value(), k.value(), v.value(), scale);
        return q.tape()
                .record(
                        y.out(),
                        dy -> { // y = softmax(scale·q·kᵀ)·v
                            AttentionGradients g = b.attentionBackward(q.value(), k.value(), v.value(), scale, y, dy);
                            q.accumulate(g::dq);
                            k.accumulate(g::dk);
                            v.accumulate(g::dv);
                        },
                        q,
                        k,
                        v);
    }

    /// [#attention(Variable, Variable, Variable, double)] of heads side by side.
    ///
    /// @param q (N, T, D)
    /// @param k (N, S, D)
    /// @param v (N, S, D)
    /// @param heads h, divides D
    /// @return (N, T, D)
    public static Variable attention(Variable q, Variable k, Variable v, int heads, double scale) {
        Backend b = q.backend();
        Attended y = b.attention(q.value(), k.value(), v.value(), heads, scale);
        return q.tape()
                .record(
                        y.out(),
                        dy -> { // y = softmax(scale·q·kᵀ)·v, head by head
                            AttentionGradients g =
                                    b.attentionBackward(q.value(), k.value(), v.value(), heads, scale, y, dy);
                            q.accumulate(g::dq);
                            k.accumulate(g::dk);
                            v.accumulate(g::dv);
                        },
                        q,
                        k,
                        v);
    }

    /// The same among the tokens of one sequence.
    ///
    /// @param qkv queries, keys and values side by side (N, T, 3·D)
    /// @return (N, T, D)
    public static Variable selfAttention(Variable qkv, int heads, double scale) {
        Backend b = qkv.backend();
        // y = softmax(scale·q·kᵀ)·v, head by head, of (q | k | v) = qkv
        Attended y = b.selfAttention(qkv.value(), heads, scale);
        return qkv.tape()
                .record(
                        y.out(),
                        dy -> qkv.accumulate(() -> b.selfAttentionBackward(qkv.value(), heads, scale, y, dy)),
                        qkv);
    }
}
