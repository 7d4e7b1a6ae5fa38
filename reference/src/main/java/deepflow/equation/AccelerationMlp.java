package deepflow.equation;

import deepflow.autograd.Variable;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.Module;
import deepflow.nn.SiluMlp;

/// **Eq. 6**, the acceleration feature: a* = ACC_MLP(v*), `acc_mlp`.
///
/// v* (N, T, D) is the token feature that leaves a branch, a* (N, T, D). Deep (the published form):
/// Linear D→A, SiLU, Linear A→2A, SiLU, Linear 2A→A, SiLU, Linear A→D; shallow (an ablation): D→A, SiLU, A→D.
/// It acts on each token alone.
///
/// @param width D
/// @param acc A, 2048 in every published size
/// @param form deep or shallow
@Equation(6)
public record AccelerationMlp(int width, int acc, Form form) implements Module {
    /// How many layers.
    public enum Form {
        /// Four linear layers: D→A→2A→A→D.
        DEEP,
        /// Two linear layers: D→A→D.
        SHALLOW
    }

    private SiluMlp mlp() {
        return switch (form) {
            case DEEP -> SiluMlp.of(width, acc, 2 * acc, acc, width);
            case SHALLOW -> SiluMlp.of(width, acc, width);
        };
    }

    @Override
    public void declare(Declarations into) {
        mlp().declare(into);
    }

    /// @param v v* (N, T, D)
    /// @return a* (N, T, D)
    public Variable forward(Context ctx, Variable v) {
        return mlp().forward(ctx, v);
    }
}
