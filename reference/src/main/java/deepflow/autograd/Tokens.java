package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.GateGradients;
import deepflow.tensor.ModulationGradients;

/// Operations on the tokens of samples (N, T, D) with a vector for each sample (N, D), and their derivatives.
public final class Tokens {
    private Tokens() {}

    /// z·(1 + scale) + shift.
    public static Variable modulate(Variable z, Variable shift, Variable scale) {
        Backend b = z.backend();
        return z.tape()
                .record(
                        b.modulate(z.value(), shift.value(), scale.value()),
                        dy -> { // y = z·(1 + scale) + shift
                            ModulationGradients g = b.modulateBackward(z.value(), scale.value(), dy);
                            z.accumulate(g::dz);
                            shift.accumulate(g::dshift);
                            scale.accumulate(g::dscale);
                        },
                        z,
                        shift,
                        scale);
    }

    /// x + h·gate.
    public static Variable addGated(Variable x, Variable h, Variable gate) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.addGated(x.value(), h.value(), gate.value()),
                        dy -> { // y = x + h·gate
                            GateGradients g = b.addGatedBackward(h.value(), gate.value(), dy);
                            x.accumulate(() -> dy);
                            h.accumulate(g::dh);
                            gate.accumulate(g::dgate);
                        },
                        x,
                        h,
                        gate);
    }
}
