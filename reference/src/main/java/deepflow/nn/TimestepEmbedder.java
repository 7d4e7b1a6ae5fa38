package deepflow.nn;

import deepflow.autograd.Variable;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;

/// Times as vectors: f_j = exp(−ln(10000)·j/128), j = 0…127; [cos(t·f), sin(t·f)], `mlp.0`, SiLU, `mlp.2`
/// (SPEC §2). t is in [0, 1] and not multiplied by 1000. No gradient flows to t.
///
/// @param width D, of the result
public record TimestepEmbedder(int width) implements Module {
    private static final int FREQUENCIES = 128;

    @Override
    public void declare(Declarations into) {
        into.child("mlp.0", mlp0()).child("mlp.2", mlp2());
    }

    private Linear mlp0() {
        return new Linear(2 * FREQUENCIES, width, new Initializer.Normal(0.02));
    }

    private Linear mlp2() {
        return new Linear(width, width, new Initializer.Normal(0.02));
    }

    /// @param t (N)
    /// @return (N, D)
    public Variable forward(Context ctx, Variable t) {
        Context mlp = ctx.in("mlp");
        Variable e = mlp0().forward(mlp.in("0"), ctx.tape().constant(sinusoids(t)));
        Variable y = mlp2().forward(mlp.in("2"), Activation.SILU.forward(mlp.in("1"), e));
        return ctx.output(mlp.output(y));
    }

    /// [cos(t·f), sin(t·f)]: (N) → (N, 256).
    private static Tensor sinusoids(Variable t) {
        Backend b = t.backend();
        double[] f = new double[FREQUENCIES];
        for (int j = 0; j < FREQUENCIES; j++) {
            f[j] = StrictMath.exp(-StrictMath.log(10000) * j / FREQUENCIES);
        }
        int n = t.shape().dim(0);
        Tensor rows = b.add(b.full(Shape.of(n, FREQUENCIES), 0), b.upload(f, Shape.of(1, FREQUENCIES)));
        Tensor angles = b.multiply(rows, t.value().reshape(n, 1));
        return b.concat(1, List.of(b.cos(angles), b.sin(angles)));
    }
}
