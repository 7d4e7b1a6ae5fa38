package deepflow.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Sums;
import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.Initializer;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.nn.PositionTable;
import deepflow.nn.TraceListener;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.NaiveBackend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InitializationTest {
    private static final List<ParameterSpec> SPECS = Declarations.of(new DeepFlow(Configs.named("digits")));

    private static ParameterSpec spec(String name) {
        return SPECS.stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
    }

    private static double variance(double[] x) {
        return Arrays.stream(x).map(v -> v * v).sum() / x.length;
    }

    /// SPEC §5, by name and fans: Xavier-uniform is bounded by √(6/(in + out)), with variance 2/(in + out).
    @ParameterizedTest
    @CsvSource({
        "x_embedder.proj.weight, 4, 128",
        "blocks.0.attn.qkv.weight, 128, 384",
        "blocks.3.mlp.fc2.weight, 512, 128",
        "df_blocks.0.acc_mlp.2.weight, 256, 512",
        "df_blocks.0.acc_norm.mlp.fc1.weight, 256, 256",
        "df_blocks.0.cross_attention.multihead_attn.in_proj_weight, 128, 384",
        "df_blocks.0.cross_attention.multihead_attn.out_proj.weight, 128, 128",
    })
    void linearLayersAreXavierUniform(String name, int in, int out) {
        double[] w = new Initialization(1).of(spec(name));
        double bound = Math.sqrt(6.0 / (in + out));
        double largest = Arrays.stream(w).map(Math::abs).max().orElseThrow();
        assertTrue(largest <= bound * (1 + 1e-7) && largest > 0.98 * bound, name + " reaches " + largest);
        assertEquals(2.0 / (in + out), variance(w), 5 * variance(w) / Math.sqrt(w.length));
        assertEquals(0, Arrays.stream(w).average().orElseThrow(), 5 * bound / Math.sqrt(3.0 * w.length));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "y_embedder.embedding_table.weight",
                "t_embedder.mlp.0.weight",
                "t_embedder.mlp.2.weight",
                "dt_embedder.mlp.0.weight",
                "dt_embedder.mlp.2.weight"
            })
    void embeddersAreNormal(String name) {
        double[] w = new Initialization(1).of(spec(name));
        assertEquals(0.0004, variance(w), 5 * 0.0004 * Math.sqrt(2.0 / w.length));
        assertTrue(Arrays.stream(w).anyMatch(x -> Math.abs(x) > 0.045), "not uniform");
    }

    @Test
    void whatStartsAtZeroOrOneDoes() {
        Initialization init = new Initialization(1);
        for (ParameterSpec s : SPECS) {
            String n = s.name();
            boolean zero = n.contains("adaLN_modulation.1.")
                    || n.matches("final_(acc_)?layer\\..*linear\\..*")
                    || n.endsWith("bias");
            boolean one = n.endsWith("layer_norm.weight");
            double[] w = init.of(s);
            assertEquals(zero, Arrays.stream(w).allMatch(x -> x == 0), n);
            assertEquals(one, Arrays.stream(w).allMatch(x -> x == 1), n);
        }
    }

    @Test
    void positionsAreTheTable() {
        assertArrayEquals(PositionTable.of(128, 4), new Initialization(1).of(spec("pos_embed")));
        assertArrayEquals(PositionTable.of(128, 4), new RandomWeights(1).of(spec("pos_embed")));
    }

    @Test
    void everyNumberIsAFloat() {
        for (ParameterValues values : List.of(new Initialization(3), new RandomWeights(3))) {
            for (ParameterSpec s : SPECS) {
                for (double x : values.of(s)) {
                    assertEquals((double) (float) x, x, s.name());
                }
            }
        }
        ParameterSpec table =
                new ParameterSpec("table", Shape.of(1), new Initializer.Table(() -> new double[] {0.1}), false);
        assertArrayEquals(new double[] {0.1f}, new Initialization(3).of(table));
    }

    @Test
    void aParameterDependsOnSeedAndNameAlone() {
        ParameterSpec s = spec("blocks.0.attn.qkv.weight");
        for (int kind = 0; kind < 2; kind++) {
            boolean random = kind == 1;
            double[] w = values(random, 1).of(s);
            assertArrayEquals(w, values(random, 1).of(s));
            assertFalse(Arrays.equals(w, values(random, 2).of(s)));
            assertFalse(Arrays.equals(w, values(random, 1).of(spec("blocks.1.attn.qkv.weight"))));
        }
        double first = new Initialization(1).of(s)[0];
        double expected = Math.sqrt(6.0 / 512)
                * (2 * KeyedRandom.of(1, "init blocks.0.attn.qkv.weight", 0).uniformOpen() - 1);
        assertEquals((float) expected, first);
    }

    private static ParameterValues values(boolean random, long seed) {
        return random ? new RandomWeights(seed) : new Initialization(seed);
    }

    @Test
    void randomWeightsAreNowhereZeroAndOfUnitSize() {
        RandomWeights random = new RandomWeights(5);
        for (ParameterSpec s : SPECS) {
            double[] w = random.of(s);
            if (s.trained()) {
                assertTrue(Arrays.stream(w).allMatch(x -> x != 0), s.name());
            }
        }
        double[] conv = random.of(spec("x_embedder.proj.weight"));
        assertEquals(1.0 / 4, variance(conv), 0.06);
        double[] qkv = random.of(spec("blocks.0.attn.qkv.weight"));
        assertEquals(1.0 / 128, variance(qkv), 5.0 / 128 * Math.sqrt(2.0 / qkv.length));
        double[] bias = random.of(spec("blocks.0.mlp.fc1.bias"));
        assertEquals(0.01, variance(bias), 0.004);
        double[] norm = random.of(spec("df_blocks.0.cross_attention.layer_norm.weight"));
        assertEquals(1, Arrays.stream(norm).average().orElseThrow(), 0.05);
        ParameterSpec qNorm = new ParameterSpec("blocks.0.attn.q_norm.weight", Shape.of(16), Initializer.ONE, true);
        assertEquals(1, Arrays.stream(random.of(qNorm)).average().orElseThrow(), 0.15);
    }

    private record Step(Prediction prediction, Parameters parameters) {}

    private static Step step(Backend b, VelocityModel model, ParameterValues values) {
        ModelConfig c = model.config();
        List<ParameterSpec> specs = Declarations.of(model);
        Tape tape = Tape.recording(b);
        Parameters parameters = Parameters.on(tape, specs, values.upload(b, specs));
        double[] x = new double[2 * c.channels() * c.size() * c.size()];
        KeyedRandom.of(1, "x", 0).gaussians(x);
        List<Tensor> t = new ArrayList<>();
        for (int i = 0; i < c.k(); i++) {
            t.add(b.upload(new double[] {0.3 + 0.01 * i, 0.7}, Shape.of(2)));
        }
        Variable image = tape.constant(b.upload(x, Shape.of(2, c.channels(), c.size(), c.size())));
        Tensor y = b.uploadIndices(new int[] {1, c.classes()}, Shape.of(2));
        return new Step(model.forward(Context.root(tape, parameters, TraceListener.NONE), image, t, y), parameters);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-2t", "tiny-3t", "tiny-sit"})
    void aFreshModelAnswersZeroAndCanLearn(String name) {
        try (Backend b = new NaiveBackend()) {
            Step s = step(b, new DeepFlow(Configs.named(name)), new Initialization(1));
            List<Variable> answers = new ArrayList<>(s.prediction.velocities());
            answers.addAll(s.prediction.accelerations());
            Variable loss = null;
            for (Variable v : answers) {
                assertTrue(Arrays.stream(b.download(v.value())).allMatch(x -> x == 0));
                Variable ones = Pointwise.add(v, 1);
                Variable square = Sums.meanOfMeans(Pointwise.multiply(ones, ones));
                loss = loss == null ? square : Pointwise.add(loss, square);
            }
            loss.tape().backward(loss);
            boolean flows = false;
            for (Map.Entry<String, Variable> p : s.parameters.all().entrySet()) {
                Tensor g = p.getValue().gradient();
                if (g != null) {
                    double[] values = b.download(g);
                    assertTrue(Arrays.stream(values).allMatch(Double::isFinite), p.getKey());
                    flows |= Arrays.stream(values).anyMatch(x -> x != 0);
                }
            }
            assertTrue(flows);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-2t", "tiny-3t", "tiny-sit"})
    void randomWeightsKeepActivationsNearUnitSize(String name) {
        try (Backend b = new NaiveBackend()) {
            Step s = step(b, new DeepFlow(Configs.named(name)), new RandomWeights(1));
            for (Variable v : s.prediction.velocities()) {
                double rms = Math.sqrt(variance(b.download(v.value())));
                assertTrue(rms > 0.2 && rms < 5, "rms " + rms);
            }
        }
    }

    /// v(x, t) = −v_SiT(x, 1 − t), to the last bit.
    @Test
    void aPublishedSitRunsTimeTheOtherWay() {
        try (Backend b = new NaiveBackend()) {
            ModelConfig c = Configs.named("tiny-sit").withOptions(ModelConfig.Kind.SIT, true);
            VelocityModel published = new DeepFlow(c);
            VelocityModel ours = TimeDirection.NOISE_AT_ZERO.seenFromHere(published);
            for (double time : new double[] {0, 0.3, 0.5, 1}) {
                double[] a = answer(b, ours, time);
                double[] expected = answer(b, published, 1 - time);
                for (int i = 0; i < a.length; i++) {
                    assertEquals(-expected[i], a[i]);
                }
                assertTrue(Arrays.stream(a).anyMatch(x -> x != 0));
                assertArrayEquals(expected, answer(b, TimeDirection.DATA_AT_ZERO.seenFromHere(published), 1 - time));
            }
            assertFalse(Arrays.equals(answer(b, ours, 0.2), answer(b, ours, 0.8)));
        }
    }

    private static double[] answer(Backend b, VelocityModel model, double time) {
        List<ParameterSpec> specs = Declarations.of(model);
        Tape tape = Tape.inference(b);
        Parameters parameters = Parameters.on(tape, specs, new RandomWeights(1).upload(b, specs));
        ModelConfig c = model.config();
        double[] x = new double[c.channels() * c.size() * c.size()];
        KeyedRandom.of(1, "x", 0).gaussians(x);
        Prediction p = model.forward(
                Context.root(tape, parameters, TraceListener.NONE),
                tape.constant(b.upload(x, Shape.of(1, c.channels(), c.size(), c.size()))),
                List.of(b.upload(new double[] {time}, Shape.of(1))),
                b.uploadIndices(new int[] {3}, Shape.of(1)));
        assertEquals(
                Shape.of(1, c.channels(), c.size(), c.size()),
                p.velocities().getLast().shape());
        return b.download(p.velocities().getLast().value());
    }
}
