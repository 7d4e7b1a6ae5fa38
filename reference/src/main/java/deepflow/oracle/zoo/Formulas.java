package deepflow.oracle.zoo;

import static deepflow.autograd.Layout.permute;
import static deepflow.autograd.Layout.reshape;
import static deepflow.autograd.Layout.split;

import deepflow.autograd.Layout;
import deepflow.autograd.Pointwise;
import deepflow.autograd.Products;
import deepflow.autograd.Rows;
import deepflow.autograd.Variable;
import deepflow.model.ModelConfig;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;

/// What several mistakes are made of.
final class Formulas {
    private Formulas() {}

    /// z·(1 + scale) + shift, or what is taken for it.
    @FunctionalInterface
    interface Modulate {
        Variable of(Variable z, Variable shift, Variable scale);
    }

    /// softmax(q·kᵀ)·v, or what is taken for it: all (N, h, T, D/h).
    @FunctionalInterface
    interface Attend {
        Variable of(Variable q, Variable k, Variable v);
    }

    /// A linear layer's output for another input.
    static Variable linear(StepSoFar s, String path, Variable x) {
        return Products.linear(x, s.parameter(path + ".weight"), s.parameter(path + ".bias"));
    }

    /// What a linear layer behind a modulation gives when that is another: blocks' `attn.qkv` and `mlp.fc1`, velocity
    /// layers' `linear`, Eq. 8's `mlp.fc1`.
    static Variable modulated(StepSoFar s, Call call, Modulate modulate) {
        String path = call.path();
        Call module;
        String norm;
        List<Variable> m;
        int at = 0;
        if (path.startsWith("blocks.")) {
            module = call.up(2);
            boolean attention = path.endsWith("attn.qkv");
            norm = attention ? "norm1" : "norm2";
            m = s.modulation(module.in("adaLN_modulation.1"), 6);
            at = attention ? 0 : 3;
        } else {
            module = path.endsWith(".linear") ? call.up(1) : call.up(2);
            norm = "norm_final";
            m = s.modulation(module.in("adaLN_modulation.1"), 2);
        }
        return linear(s, path, modulate.of(s.output(module.in(norm)), m.get(at), m.get(at + 1)));
    }

    static final String MODULATED = "blocks\\.\\d+\\.(attn\\.qkv|mlp\\.fc1)|final_layer(\\.\\d)?\\.linear"
            + "|final_acc_layer\\.linear|df_blocks\\.\\d+\\.acc_norm\\.mlp\\.fc1";

    /// The same value as a variable of its own, with a gradient of its own: a module that does nothing.
    static Variable same(Variable v) {
        return v.tape().intercept(v, v.value(), dy -> dy);
    }

    static Variable perToken(Variable v) {
        return Layout.reshape(v, v.shape().dim(0), 1, v.shape().dim(1));
    }

    /// `attn.proj`'s output, when q, k and v are cut out of `qkv` and attended otherwise.
    static Variable attention(StepSoFar s, Call proj, Attend attend) {
        Variable qkv = s.output(proj.up(1).in("qkv"));
        List<Variable> parts = split(qkv, 2, 3);
        int h = s.config().heads();
        Variable out = attend.of(cut(parts.get(0), h), cut(parts.get(1), h), cut(parts.get(2), h));
        return linear(s, proj.path(), merge(out));
    }

    /// (N, T, D) → (N, h, T, D/h).
    static Variable cut(Variable x, int heads) {
        Shape x3 = x.shape();
        return permute(reshape(x, x3.dim(0), x3.dim(1), heads, x3.dim(2) / heads), 0, 2, 1, 3);
    }

    /// (N, h, T, D/h) → (N, T, D).
    static Variable merge(Variable x) {
        Shape x4 = x.shape();
        return reshape(permute(x, 0, 2, 1, 3), x4.dim(0), x4.dim(2), x4.dim(1) * x4.dim(3));
    }

    /// softmax(scale·q·kᵀ)·v for (N, h, T, D/h).
    static Variable attend(Variable q, Variable k, Variable v, double scale) {
        Variable out = Products.attention(batches(q), batches(k), batches(v), scale);
        return reshape(out, q.shape());
    }

    static Variable attend(Variable q, Variable k, Variable v) {
        return attend(q, k, v, 1 / Math.sqrt(q.shape().dim(3)));
    }

    private static Variable batches(Variable x) {
        Shape s = x.shape();
        return reshape(x, s.dim(0) * s.dim(1), s.dim(2), s.dim(3));
    }

    /// Eq. 9's attention with other inputs: (N, T, D) before any residual.
    static Variable crossAttention(StepSoFar s, String path, Variable query, Variable key, Variable value) {
        int h = s.config().heads();
        List<Variable> w = split(s.parameter(path + ".in_proj_weight"), 0, 3);
        List<Variable> b = split(s.parameter(path + ".in_proj_bias"), 0, 3);
        Variable q = cut(Products.linear(query, w.get(0), b.get(0)), h);
        Variable k = cut(Products.linear(key, w.get(1), b.get(1)), h);
        Variable v = cut(Products.linear(value, w.get(2), b.get(2)), h);
        return linear(s, path + ".out_proj", merge(attend(q, k, v)));
    }

    /// LayerNorm with the affine parameters of a module.
    static Variable affineNorm(StepSoFar s, String path, Variable x) {
        return affineNorm(s, path, x, p -> p);
    }

    /// @param parameters what the affine parameters become before they are used
    static Variable affineNorm(StepSoFar s, String path, Variable x, UnaryOperator<Variable> parameters) {
        int d = x.shape().dim(-1);
        Variable y = Rows.layerNorm(x, 1e-5);
        return Pointwise.add(
                Pointwise.multiply(y, reshape(parameters.apply(s.parameter(path + ".weight")), 1, 1, d)),
                reshape(parameters.apply(s.parameter(path + ".bias")), 1, 1, d));
    }

    static Variable plainNorm(Variable x) {
        return Rows.layerNorm(x, 1e-6);
    }

    /// What attention or MLP adds to the stream of a block: gate·y.
    ///
    /// @param module `attn.proj` or `mlp.fc2`
    /// @param gate which part of the modulation
    static Variable gated(StepSoFar s, Call block, String module, int gate) {
        Variable g = s.modulation(block.in("adaLN_modulation.1"), 6).get(gate);
        return Pointwise.multiply(s.output(block.in(module)), perToken(g));
    }

    /// The first layer of a time embedder, with other sinusoids.
    ///
    /// @param angle the phase of frequency j for one time
    static Variable sinusoids(StepSoFar s, Call mlp0, double[] times, Sinusoid sinusoid) {
        int n = times.length;
        double[] e = new double[n * 256];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < 256; j++) {
                e[i * 256 + j] = sinusoid.of(times[i], j);
            }
        }
        Backend b = s.backend();
        return linear(s, mlp0.path(), s.tape().constant(b.upload(e, Shape.of(n, 256))));
    }

    /// Element j of 256 of the embedding of a time.
    @FunctionalInterface
    interface Sinusoid {
        double of(double t, int j);
    }

    static double right(double t, int j) {
        double angle = t * StrictMath.exp(-StrictMath.log(10000) * (j % 128) / 128);
        return j < 128 ? StrictMath.cos(angle) : StrictMath.sin(angle);
    }

    /// The times that a call of `t_embedder.mlp.0` or `dt_embedder.mlp.0` embeds.
    static double[] times(StepSoFar s, Call mlp0) {
        Backend b = s.backend();
        List<Tensor> t = s.batch().t();
        int i = mlp0.index();
        return b.download(mlp0.path().startsWith("dt_") ? b.subtract(t.get(i + 1), t.get(i)) : t.get(i));
    }

    /// The numbers of a tensor changed one by one, in its type.
    static Tensor map(Backend b, Tensor x, DoubleUnaryOperator f) {
        double[] v = b.download(x);
        for (int i = 0; i < v.length; i++) {
            v[i] = f.applyAsDouble(v[i]);
        }
        return b.inTypeOf(b.upload(v, x.shape()), x);
    }

    /// Images from a velocity layer's tokens (N, T, p·p·C).
    ///
    /// @param split how p·p·C is cut: p, p and C in some order
    /// @param axes of (N, rows, columns, ·, ·, ·) that give (N, C, rows, p, columns, p)
    static Variable unpatchify(StepSoFar s, Variable tokens, int[] split, int... axes) {
        int n = tokens.shape().dim(0);
        int g = s.config().grid();
        Variable six = reshape(tokens, n, g, g, split[0], split[1], split[2]);
        int side = s.config().size();
        Variable image = reshape(permute(six, axes), n, s.config().outChannels(), side, side);
        return s.config().learnSigma() ? Layout.split(image, 1, 2).getFirst() : image;
    }

    /// The tokens a prediction is made of.
    static Variable predicted(StepSoFar s, Call prediction) {
        if (prediction.path().equals("acceleration")) {
            return s.output(new Call("final_acc_layer.linear", prediction.index()));
        }
        if (s.config().kind() == ModelConfig.Kind.SIT) {
            return s.output("final_layer.linear");
        }
        boolean last = prediction.index() == s.config().k() - 1;
        return s.output(last ? "final_layer.1.linear" : new Call("final_layer.0.linear", prediction.index()).traced());
    }
}
