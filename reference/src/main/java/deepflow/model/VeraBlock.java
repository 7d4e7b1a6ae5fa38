package deepflow.model;

import deepflow.autograd.Layout;
import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.equation.AccelerationMlp;
import deepflow.equation.CrossSpaceAttention;
import deepflow.equation.TimeGapModulation;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.Module;
import org.jspecify.annotations.Nullable;

/// The velocity refiner with acceleration between two branches (SPEC §3): Eq. 6, Eq. 8 and Eq. 9 in a row, or those
/// of them the configuration has.
///
/// @param config the model's configuration
record VeraBlock(ModelConfig config) implements Module {
    /// What leaves the block.
    ///
    /// @param acceleration a* (N, T, D); null without acceleration
    /// @param refined (N, T, D)
    record Output(@Nullable Variable acceleration, Variable refined) {}

    @Override
    public void declare(Declarations into) {
        if (config.parts().acceleration()) {
            into.child("acc_mlp", accMlp());
        }
        if (joined()) {
            into.child("acc_norm", accNorm());
        }
        if (config.parts().crossSpace()) {
            into.child("cross_attention", crossAttention());
        }
    }

    private AccelerationMlp accMlp() {
        return new AccelerationMlp(config.width(), config.acc(), config.accForm());
    }

    private TimeGapModulation accNorm() {
        return new TimeGapModulation(
                config.gapWidth(),
                config.width(),
                config.clamp(),
                config.parts().timeGap());
    }

    private CrossSpaceAttention crossAttention() {
        return new CrossSpaceAttention(config.width(), config.heads());
    }

    /// Whether `acc_norm` is there: to modulate, or to bring (v* | a*) back to width D.
    private boolean joined() {
        return config.parts().timeGap()
                || (config.parts().acceleration() && config.design() == ModelConfig.Design.FULL);
    }

    /// @param v v* (N, T, D)
    /// @param space the tokens that entered block 0 (N, T, D)
    /// @param gap embedding of t_{i+1} − t_i (N, gapWidth); null without time gap
    Output forward(Context ctx, Variable v, Variable space, @Nullable Variable gap) {
        // PyTorch's block returns the tuple (a*, refined); a trace shows element 0, here as soon as it is known
        Variable a = config.parts().acceleration() ? ctx.output(accMlp().forward(ctx.in("acc_mlp"), v)) : null;
        Variable m = join(ctx, v, a, gap);
        if (config.parts().crossSpace()) {
            m = crossAttention().forward(ctx.in("cross_attention"), space, m);
        }
        return a != null ? new Output(a, m) : new Output(null, ctx.output(m));
    }

    private Variable join(Context ctx, Variable v, @Nullable Variable a, @Nullable Variable gap) {
        Context norm = ctx.in("acc_norm");
        if (a == null) {
            return joined() ? accNorm().forward(norm, v, gap) : v;
        }
        return switch (config.design()) {
            case FULL -> accNorm().forward(norm, Layout.concat(2, v, a), gap);
            case ADDITIVE -> Pointwise.add(v, joined() ? accNorm().forward(norm, a, gap) : a);
        };
    }
}
