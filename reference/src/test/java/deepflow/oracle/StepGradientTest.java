package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.equation.AccelerationMlp;
import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.model.ModelConfig.Design;
import deepflow.model.ModelConfig.Kind;
import deepflow.model.ModelConfig.VeraParts;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Objective;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The gradient of a whole training step against central differences along random directions, for every option a model
/// has: what the dumped steps of the peer do not cover.
class StepGradientTest {
    private static final double H = 1e-4;
    private static final double BOUND = 1e-8;

    static Stream<Arguments> models() {
        VeraParts all = VeraParts.ALL;
        return Stream.of(
                Arguments.of("published", model(Kind.DEEPFLOW, 2, false, 0, false, Design.FULL, all)),
                Arguments.of("three branches", model(Kind.DEEPFLOW, 3, false, 0, false, Design.FULL, all)),
                Arguments.of("one branch", model(Kind.DEEPFLOW, 1, false, 0, false, Design.FULL, all)),
                Arguments.of("sit", model(Kind.SIT, 1, false, 0, false, Design.FULL, all)),
                Arguments.of("sit, learn_sigma", model(Kind.SIT, 1, false, 0, true, Design.FULL, all)),
                Arguments.of("qk_norm", model(Kind.DEEPFLOW, 2, true, 0, false, Design.FULL, all)),
                Arguments.of("ssl", model(Kind.DEEPFLOW, 3, false, 6, false, Design.FULL, all)),
                Arguments.of("additive", model(Kind.DEEPFLOW, 2, false, 0, false, Design.ADDITIVE, all)),
                Arguments.of("no parts", model(Kind.DEEPFLOW, 2, false, 0, false, Design.FULL, VeraParts.NONE)),
                Arguments.of(
                        "time gap", model(Kind.DEEPFLOW, 2, false, 0, false, Design.FULL, parts(true, false, false))),
                Arguments.of(
                        "acceleration",
                        model(Kind.DEEPFLOW, 2, false, 0, false, Design.FULL, parts(false, true, false))),
                Arguments.of(
                        "cross-space",
                        model(Kind.DEEPFLOW, 2, false, 0, false, Design.FULL, parts(false, false, true))),
                Arguments.of(
                        "additive without time gap",
                        model(Kind.DEEPFLOW, 2, false, 0, false, Design.ADDITIVE, parts(false, true, true))));
    }

    private static VeraParts parts(boolean timeGap, boolean acceleration, boolean crossSpace) {
        return new VeraParts(timeGap, acceleration, crossSpace);
    }

    private static ModelConfig model(
            Kind kind, int k, boolean qkNorm, int sslDim, boolean learnSigma, Design design, VeraParts parts) {
        int depth = Math.max(2, k);
        return new ModelConfig(
                4,
                2,
                2,
                3,
                12,
                depth,
                3,
                k,
                5,
                kind,
                ModelConfig.equalKeys(depth, k),
                true,
                qkNorm,
                sslDim,
                learnSigma,
                design,
                parts,
                k == 3 ? AccelerationMlp.Form.SHALLOW : AccelerationMlp.Form.DEEP);
    }

    /// The acceleration loss holds v fixed, so only parameters that v does not depend on show its derivative; with
    /// λ = 0 all do.
    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void wholeStep(String name, ModelConfig config) {
        for (FlowPath path : FlowPath.values()) {
            Objective plain = objective(config, 0, path);
            assertEquals(0, error(config, plain, parameter -> true), BOUND, name + ", every parameter, " + path);
            if (config.kind() == Kind.DEEPFLOW
                    && config.k() == 2
                    && config.parts().acceleration()) {
                Objective full = objective(config, 1.5, path);
                Predicate<String> behind = p -> p.startsWith("df_blocks.") || p.startsWith("final_acc_layer.");
                assertEquals(0, error(config, full, behind), BOUND, name + ", behind v, " + path);
            }
        }
    }

    private static Objective objective(ModelConfig config, double lambda, FlowPath path) {
        List<Double> betas = Objective.published(config.k()).betas();
        return new Objective(betas, lambda, path, VelocityTarget.DERIVATIVE, 0.5);
    }

    /// Relative difference of ∇L·d and the fourth-order central difference along d, (8·(L(w + h·d) − L(w − h·d)) −
    /// (L(w + 2h·d) − L(w − 2h·d)))/12h; the worst of three random directions d.
    private static double error(ModelConfig config, Objective objective, Predicate<String> chosen) {
        DeepFlow model = new DeepFlow(config);
        List<ParameterSpec> specs = Declarations.of(model);
        GoldenInputs inputs = new GoldenInputs(config, 3);
        double worst = 0;
        try (Backend b = Backends.open("cpu", DType.F64, 1)) {
            Batch batch = inputs.batch(b, 2);
            Map<String, double[]> w = new LinkedHashMap<>();
            specs.forEach(s -> w.put(s.name(), inputs.weights().of(s)));
            RecordedStep step = run(b, model, specs, w, Map.of(), 0, objective, batch);
            for (int direction = 0; direction < 3; direction++) {
                Map<String, double[]> d = new LinkedHashMap<>();
                double slope = 0;
                double size = 0;
                for (ParameterSpec s : specs) {
                    Tensor g = step.parameters().get(s.name()).gradient();
                    if (s.trained() && chosen.test(s.name()) && g != null) {
                        double[] di = new double[Math.toIntExact(s.shape().size())];
                        KeyedRandom.of(5, s.name(), direction).gaussians(di);
                        double[] gi = b.download(g);
                        for (int i = 0; i < di.length; i++) {
                            slope += gi[i] * di[i];
                            size += gi[i] * gi[i];
                        }
                        d.put(s.name(), di);
                    }
                }
                assertTrue(size > 0, "the loss must depend on the chosen parameters");
                double[] l = new double[5];
                for (int i = -2; i <= 2; i++) {
                    l[i + 2] = total(b, run(b, model, specs, w, d, i * H, objective, batch));
                }
                double difference = (8 * (l[3] - l[1]) - (l[4] - l[0])) / (12 * H);
                worst = Math.max(worst, Math.abs(difference - slope) / Math.sqrt(size));
            }
        }
        return worst;
    }

    private static double total(Backend b, RecordedStep step) {
        return b.download(step.losses().total().value())[0];
    }

    private static RecordedStep run(
            Backend b,
            DeepFlow model,
            List<ParameterSpec> specs,
            Map<String, double[]> w,
            Map<String, double[]> d,
            double h,
            Objective objective,
            Batch batch) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (ParameterSpec s : specs) {
            double[] values = w.get(s.name()).clone();
            double[] along = d.get(s.name());
            for (int i = 0; along != null && i < values.length; i++) {
                values[i] += h * along[i];
            }
            weights.put(s.name(), b.upload(values, s.shape()));
        }
        return RecordedStep.run(b, model, specs, weights, objective, batch, RecordedStep.Keep.NOTHING);
    }
}
