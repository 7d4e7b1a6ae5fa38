package deepflow.oracle.zoo;

import deepflow.autograd.Variable;
import deepflow.model.ModelConfig;
import deepflow.nn.Modulation;
import java.util.List;

/// Mistakes in velocity and acceleration layers, and in how their tokens become images.
final class VelocityLayerBugs {
    private static final String IMAGE = Zoo.any(
            "out\\.(velocity|acceleration)\\.\\d+",
            "loss\\..*",
            Zoo.gradact("final\\w*layer(\\.\\d)?\\.linear", "final_layer"));

    static final List<Bug> ALL = List.of(
            new Bug(
                    "unpatchify-channels-first",
                    Bug.Area.LAYOUT,
                    "A token's numbers are read as (channel, row, column); they are ordered (row, column, channel).",
                    "the view in unpatchify",
                    List.of(),
                    IMAGE,
                    (c, a) -> c.patch() > 1 && c.outChannels() > 1 && Zoo.plain(c),
                    new Mistake.Output("velocity|acceleration", (s, call, y) -> {
                        ModelConfig c = s.config();
                        int[] split = {c.outChannels(), c.patch(), c.patch()};
                        return Formulas.unpatchify(s, Formulas.predicted(s, call), split, 0, 3, 1, 4, 2, 5);
                    })),
            new Bug(
                    "unpatchify-transposed",
                    Bug.Area.LAYOUT,
                    "Rows and columns inside a patch are swapped when tokens become images.",
                    "the permutation in unpatchify",
                    List.of(),
                    IMAGE,
                    (c, a) -> c.patch() > 1 && Zoo.plain(c),
                    new Mistake.Output("velocity|acceleration", (s, call, y) -> {
                        ModelConfig c = s.config();
                        int[] split = {c.patch(), c.patch(), c.outChannels()};
                        return Formulas.unpatchify(s, Formulas.predicted(s, call), split, 0, 5, 1, 4, 2, 3);
                    })),
            new Bug(
                    "image-transposed",
                    Bug.Area.LAYOUT,
                    "The grid of patches is transposed when tokens become images.",
                    "the permutation in unpatchify",
                    List.of(),
                    IMAGE,
                    (c, a) -> c.grid() > 1 && Zoo.plain(c),
                    new Mistake.Output("velocity|acceleration", (s, call, y) -> {
                        ModelConfig c = s.config();
                        int[] split = {c.patch(), c.patch(), c.outChannels()};
                        return Formulas.unpatchify(s, Formulas.predicted(s, call), split, 0, 5, 2, 3, 1, 4);
                    })),
            new Bug(
                    "final-norm-missing",
                    Bug.Area.VELOCITY_LAYER,
                    "Velocity layers modulate tokens that were not normalised.",
                    "norm_final of the velocity layers",
                    List.of(2, 3),
                    Zoo.any(
                            Zoo.act("final_layer.*norm_final", "final_layer.*linear"),
                            Zoo.gradact("blocks\\.\\d+(\\.mlp(\\.fc2)?)?")),
                    (c, a) -> Zoo.plain(c),
                    new Mistake.Output("final_layer(\\.\\d)?\\.norm_final", (s, call, y) -> {
                        boolean last = !call.path().startsWith("final_layer.0");
                        return Formulas.same(
                                last ? s.output("blocks." + (s.config().depth() - 1)) : s.velocityTokens(call.index()));
                    })),
            new Bug(
                    "velocity-layers-tied",
                    Bug.Area.VELOCITY_LAYER,
                    "The last branch's velocity layer has the intermediate one's weights, as in [layer] * 2.",
                    "how final_layer is built",
                    List.of(4, 5),
                    Zoo.any(
                            Zoo.act("final_layer\\.1\\.(linear|adaLN_modulation\\.1)"),
                            Zoo.gradact("final_layer\\.1\\..*")),
                    (c, a) -> c.k() > 1,
                    new Mistake.Output("final_layer\\.1\\.(linear|adaLN_modulation\\.1)", (s, call, y) -> {
                        String twin = call.path().replace("final_layer.1", "final_layer.0");
                        return call.path().endsWith("linear")
                                ? Formulas.linear(s, twin, tiedInput(s, call))
                                : Formulas.linear(s, twin, s.output(call.up(1).in("0")));
                    })));

    private VelocityLayerBugs() {}

    private static Variable tiedInput(StepSoFar s, Call linear) {
        List<Variable> m = s.modulation(linear.up(1).in("adaLN_modulation.1"), 2);
        return Modulation.modulate(s.output(linear.up(1).in("norm_final")), m.get(0), m.get(1));
    }
}
