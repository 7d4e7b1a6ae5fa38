package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.model.Configs;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.train.Objective;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// PyTorch's AdamW steps are within their bounds, and steps with a mistake are not.
class OptimizerVerdictsTest {
    private static final Path STEPS = Path.of("../testdata/steps");
    private static final String PARAMETER = "blocks.1.mlp.fc1.weight";

    /// The metadata of the recorded step.
    private static final String OPTIMIZER = "{\"name\": \"adamw\", \"lr\": 0.001, \"beta1\": 0.9, \"beta2\": 0.999,"
            + " \"eps\": 1e-08, \"weight_decay\": 0.01, \"step\": 10, \"clip\": %s, \"ema_decay\": 0.99}";

    @TempDir
    private Path folder;

    private static Map<String, TensorVerdict> judged(Path file) {
        try (Dump dump = Dump.open(file)) {
            List<ParameterSpec> trained = Declarations.of(
                            new DeepFlow(dump.metadata().config()))
                    .stream()
                    .filter(ParameterSpec::trained)
                    .toList();
            return new OptimizerVerdicts(
                            dump,
                            new RecordedTypes(dump, dump.metadata().precision()),
                            Objects.requireNonNull(dump.metadata().optimizer()),
                            trained,
                            1e-3)
                    .all();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"one-token-step-f64", "one-token-step-bf16"})
    void rightStepsAreWithinTheirBounds(String name) {
        Map<String, TensorVerdict> all = judged(STEPS.resolve(name + ".safetensors"));
        assertEquals(1 + 4 * 63, all.size());
        all.forEach((tensor, v) -> {
            assertTrue(v.localBound() <= 1, () -> tensor + ": " + v);
            assertFalse(v.undecided(), () -> tensor + ": " + v);
        });
        double worst = all.values().stream()
                .mapToDouble(TensorVerdict::localBound)
                .max()
                .orElse(0);
        assertTrue(worst > 0.1, "bounds that say nothing: " + worst);
    }

    /// @param tensor that is wrong
    /// @param factor what makes it so
    record Mistake(String dump, String tensor, double factor) {}

    static Stream<Mistake> mistakes() {
        return Stream.of(
                new Mistake("one-token-step-f64", "optim.grad_norm", 1 + 1e-11),
                new Mistake("one-token-step-f64", "after.m." + PARAMETER, 1 + 1e-12),
                new Mistake("one-token-step-f64", "after.v." + PARAMETER, 1 + 1e-12),
                new Mistake("one-token-step-f64", "after.weight." + PARAMETER, 1 + 1e-12),
                new Mistake("one-token-step-f64", "after.ema." + PARAMETER, 1 + 1e-12));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aWrongResultIsBeyondItsBound(Mistake mistake) {
        EditedDump dump = EditedDump.read(STEPS.resolve(mistake.dump() + ".safetensors"));
        Path file = dump.map(mistake.tensor(), x -> x * mistake.factor()).write(folder.resolve("step"));
        TensorVerdict v = Objects.requireNonNull(judged(file).get(mistake.tensor()));
        assertTrue(v.locallyWrong(), v::toString);
    }

    @Test
    void eachResultIsJudgedFromWhatWasRecordedBeforeIt() {
        EditedDump dump = EditedDump.read(STEPS.resolve("one-token-step-f64.safetensors"));
        Map<String, TensorVerdict> all =
                judged(dump.map("grad." + PARAMETER, x -> 2 * x).write(folder.resolve("step")));
        assertTrue(Objects.requireNonNull(all.get("after.m." + PARAMETER)).wrong(), "m does not follow from it");
        assertFalse(Objects.requireNonNull(all.get("after.weight." + PARAMETER)).wrong(), "the weight follows from m");
        assertFalse(
                Objects.requireNonNull(all.get("after.m.final_layer.1.linear.bias"))
                        .wrong(),
                "nor another one");
    }

    /// Weights far from their average: 1 − decay is then most of what rounding does to the average.
    @Test
    void ourOwnFloat32StepIsWithinItsBounds(@TempDir Path folder) throws IOException {
        Path dump = folder.resolve("golden.safetensors");
        ModelConfig config = Configs.named("tiny-2t");
        try (Backend b = Backends.open("cpu", DType.F32, 2)) {
            new Golden(config, Objective.published(config.k()), 3, 2, true).write(b, "test", dump);
        }
        CheckResult result = Oracle.check(dump).result();
        assertTrue(result.consistent(), () -> result.first().toString());
    }

    @ParameterizedTest
    @CsvSource({"true, 0", "true, 1", "false, 0", "false, 1"})
    void withoutGradientsTheWeightIsJudgedAllTheSame(boolean norm, String clip) {
        EditedDump dump = EditedDump.read(STEPS.resolve("one-token-step-f64.safetensors"));
        dump.remove(name -> name.startsWith("grad."));
        if (!norm) {
            dump.remove(name -> name.startsWith("optim."));
        }
        Map<String, TensorVerdict> all =
                judged(dump.meta("optimizer", OPTIMIZER.formatted(clip)).write(folder.resolve("step")));
        assertFalse(all.containsKey("after.m." + PARAMETER), "nothing is known of its gradient");
        assertTrue(all.containsKey("after.weight." + PARAMETER) && all.containsKey("after.ema." + PARAMETER));
    }
}
