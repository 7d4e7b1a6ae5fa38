package deepflow.nn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.autograd.Variable;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.model.Prediction;
import deepflow.oracle.verification.Backward;
import deepflow.oracle.verification.Case;
import deepflow.oracle.verification.Computation;
import deepflow.oracle.verification.Draw;
import deepflow.oracle.verification.Evaluation;
import deepflow.oracle.verification.Extents;
import deepflow.oracle.verification.GradientCheck;
import deepflow.oracle.verification.Strictness;
import deepflow.oracle.verification.Values;
import deepflow.tensor.Backend;
import deepflow.tensor.NaiveBackend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of every module, to inputs and parameters, against central differences.
class ModuleGradientsTest {
    /// A module with its inputs and how it is called.
    record Subject(String name, Module module, Map<String, Shape> inputs, Computation call) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Tensor labels(Evaluation e, int... y) {
        return e.tape().backend().uploadIndices(y, Shape.of(y.length));
    }

    private static Tensor times(Evaluation e, double... t) {
        return e.tape().backend().upload(t, Shape.of(t.length));
    }

    private static Map<String, Variable> named(List<Variable> outputs) {
        Map<String, Variable> named = new LinkedHashMap<>();
        outputs.forEach(y -> named.put("y" + named.size(), y));
        return named;
    }

    static List<Subject> modules() {
        Linear linear = new Linear(5, 3);
        LayerNorm plain = LayerNorm.plain(7);
        LayerNorm affine = LayerNorm.affine(7);
        Mlp mlp = new Mlp(5, 7, 3);
        SiluMlp silu = SiluMlp.of(3, 5, 4, 2);
        Modulation modulation = new Modulation(3, 5, 6);
        Attention attention = new Attention(12, 2, false);
        Attention normed = new Attention(12, 2, true);
        MultiheadAttention crossed = new MultiheadAttention(9, 3);
        PatchEmbedder patches = new PatchEmbedder(3, 2, 5);
        TimestepEmbedder timestep = new TimestepEmbedder(3);
        LabelEmbedder label = new LabelEmbedder(3, 5);
        Block block = new Block(8, 2, false);
        Block normedBlock = new Block(12, 2, true);
        DynamicsLayer dynamics = new DynamicsLayer(8, 3);
        DeepFlow model = new DeepFlow(ModelConfig.deepflow(4, 2, 2, 3, 8, 3, 2, 3, 5));
        return List.of(
                of("Linear", linear, shapes("x", 2, 3, 5), e -> linear.forward(e.context(linear), e.variable("x"))),
                of("LayerNorm", plain, shapes("x", 2, 3, 7), e -> plain.forward(e.context(plain), e.variable("x"))),
                of(
                        "LayerNorm, affine",
                        affine,
                        shapes("x", 2, 3, 7),
                        e -> affine.forward(e.context(affine), e.variable("x"))),
                of(
                        "LayerNorm, affine, one row",
                        affine,
                        shapes("x", 7),
                        e -> affine.forward(e.context(affine), e.variable("x"))),
                of("Mlp", mlp, shapes("x", 2, 1, 5), e -> mlp.forward(e.context(mlp), e.variable("x"))),
                of("SiluMlp", silu, shapes("x", 2, 1, 3), e -> silu.forward(e.context(silu), e.variable("x"))),
                new Subject(
                        "Modulation",
                        modulation,
                        shapes("c", 2, 3),
                        e -> named(modulation.forward(e.context(modulation), e.variable("c")))),
                of(
                        "Attention",
                        attention,
                        shapes("x", 2, 3, 12),
                        e -> attention.forward(e.context(attention), e.variable("x"))),
                of(
                        "Attention, one token",
                        attention,
                        shapes("x", 1, 1, 12),
                        e -> attention.forward(e.context(attention), e.variable("x"))),
                of(
                        "Attention, qk_norm",
                        normed,
                        shapes("x", 2, 3, 12),
                        e -> normed.forward(e.context(normed), e.variable("x"))),
                of(
                        "MultiheadAttention",
                        crossed,
                        Map.of("q", Shape.of(2, 3, 9), "k", Shape.of(2, 5, 9), "v", Shape.of(2, 5, 9)),
                        e -> crossed.forward(e.context(crossed), e.variable("q"), e.variable("k"), e.variable("v"))),
                of(
                        "PatchEmbedder",
                        patches,
                        shapes("x", 2, 2, 6, 3),
                        e -> patches.forward(e.context(patches), e.variable("x"))),
                of(
                        "PatchEmbedder.unpatchify",
                        patches,
                        shapes("x", 2, 4, 18),
                        e -> PatchEmbedder.unpatchify(e.variable("x"), 3, 2)),
                of(
                        "TimestepEmbedder",
                        timestep,
                        Map.of(),
                        e -> timestep.forward(e.context(timestep), e.tape().constant(times(e, 0, 0.3, 1)))),
                of("LabelEmbedder", label, Map.of(), e -> label.forward(e.context(label), labels(e, 3, 0, 3))),
                of(
                        "Block",
                        block,
                        Map.of("x", Shape.of(2, 3, 8), "c", Shape.of(2, 8)),
                        e -> block.forward(e.context(block), e.variable("x"), e.variable("c"))),
                of(
                        "Block, qk_norm",
                        normedBlock,
                        Map.of("x", Shape.of(1, 2, 12), "c", Shape.of(1, 12)),
                        e -> normedBlock.forward(e.context(normedBlock), e.variable("x"), e.variable("c"))),
                of(
                        "DynamicsLayer",
                        dynamics,
                        Map.of("z", Shape.of(2, 3, 8), "c", Shape.of(2, 8)),
                        e -> dynamics.forward(e.context(dynamics), e.variable("z"), e.variable("c"))),
                new Subject("DeepFlow-3T", model, shapes("x", 2, 2, 4, 4), e -> deepflow(model, e)));
    }

    private static Subject of(String name, Module module, Map<String, Shape> inputs, Function<Evaluation, Variable> f) {
        return new Subject(name, module, inputs, e -> Map.of("y", f.apply(e)));
    }

    private static Map<String, Shape> shapes(String name, int... dims) {
        return Map.of(name, Shape.of(dims));
    }

    private static Map<String, Variable> deepflow(DeepFlow model, Evaluation e) {
        Prediction p = model.forward(
                e.context(model),
                e.variable("x"),
                List.of(times(e, 0.2, 0.9), times(e, 0.3, 0.8), times(e, 0.5, 0.7)),
                labels(e, 1, 3));
        Map<String, Variable> all = new LinkedHashMap<>();
        List.of(p.velocities(), p.accelerations(), p.refined())
                .forEach(list -> list.forEach(y -> all.put("y" + all.size(), y)));
        return all;
    }

    @ParameterizedTest
    @MethodSource("modules")
    void reverseModeAgreesWithDifferences(Subject subject) {
        try (Backend backend = new NaiveBackend()) {
            Draw draw = new Draw(backend, Extents.FIXED.getFirst(), 7);
            Map<String, Values> values = new LinkedHashMap<>();
            draw.weights(subject.module()).forEach((name, w) -> values.put("weight." + name, w));
            subject.inputs().forEach((name, shape) -> values.put("in." + name, draw.values(shape)));
            Case arguments = new Case(Map.of(), values);
            Map<String, Values> seeds = new TreeMap<>();
            Backward.forward(backend, subject.call(), arguments)
                    .forEach((name, y) -> seeds.put(name, draw.values(y.shape())));
            // a fixed parameter has no gradient of its own
            double error = GradientCheck.error(backend, subject.call(), arguments, seeds, Set.of("weight.pos_embed"));
            assertTrue(error <= Strictness.DIFFERENCES.bound(backend.dtype()), subject + ": " + error);
        }
    }
}
