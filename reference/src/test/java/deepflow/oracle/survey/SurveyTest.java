package deepflow.oracle.survey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.autograd.Pointwise;
import deepflow.model.ModelConfig;
import deepflow.oracle.CheckResult;
import deepflow.oracle.Checker;
import deepflow.oracle.Diagnosis;
import deepflow.oracle.Judging;
import deepflow.oracle.Likeness;
import deepflow.oracle.Precision;
import deepflow.oracle.SeededStep;
import deepflow.oracle.Workers;
import deepflow.oracle.WrongGradients;
import deepflow.oracle.zoo.Alteration;
import deepflow.oracle.zoo.Bug;
import deepflow.oracle.zoo.Mistake;
import deepflow.oracle.zoo.Zoo;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bugs in steps of a very small model, judged as dumps are.
class SurveyTest {
    private static final ModelConfig SMALL = ModelConfig.deepflow(4, 2, 3, 4, 16, 2, 2, 2, 12);
    private static final ModelConfig THREE_BRANCHES = ModelConfig.deepflow(4, 2, 3, 4, 16, 3, 2, 3, 12);
    private static final Judging FEW = new Judging(null, 1e-3, 4);
    private static final Backend EXACT = Backends.open("cpu", DType.F64, 2);
    private static final Backend SUMS = Backends.open("cpu", DType.F32, 2);
    private static final Workers WORKERS = Workers.cpu(2);

    @TempDir
    private Path folder;

    @AfterAll
    static void close() {
        EXACT.close();
        SUMS.close();
    }

    private Trial trial(ModelConfig config, Precision precision, Bug bug) {
        Survey survey = new Survey(config, List.of(precision), List.of(bug), 1, FEW, 0);
        return survey.run(EXACT, SUMS, WORKERS, folder, (done, all, what) -> {})
                .trials()
                .getFirst();
    }

    private static boolean possible(ModelConfig config, Precision precision, Bug bug) {
        return new Survey(config, List.of(precision), List.of(bug), 1, FEW, 0).possible(bug, precision);
    }

    private CheckResult judged(Precision precision, Bug bug) {
        Path file = folder.resolve("step.safetensors");
        new SeededStep(SMALL, precision, 1, 3, 1).write(EXACT, SUMS, bug, file);
        return new Checker(EXACT, WORKERS, FEW).check(file);
    }

    static List<String> names() {
        return Zoo.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyBugIsCaughtWhereItIsMadeAndNamed(String name) {
        Bug bug = Zoo.of(name).orElseThrow();
        ModelConfig config = possible(SMALL, Precision.F32, bug) ? SMALL : THREE_BRANCHES;
        Trial trial = trial(config, Precision.F32, bug);
        assertTrue(trial.strength() > 1, () -> "strength " + trial.strength());
        assertEquals(
                Trial.Outcome.NAMED,
                trial.outcome(),
                () -> "suspects " + trial.suspects() + ", looks like " + trial.wrongNames());
        double coefficient = trial.looksLike().getFirst().coefficient();
        assertEquals(1, coefficient, 0.01);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data-noise-swapped",
                "gelu-is-relu",
                "query-key-swapped",
                "unpatchify-transposed",
                "velocity-asks",
                "half-missing",
                "detach-missing",
                "stale-buffer"
            })
    void bugsAreNamedInBfloat16(String name) {
        assertEquals(
                Trial.Outcome.NAMED,
                trial(SMALL, Precision.BF16, Zoo.of(name).orElseThrow()).outcome());
    }

    /// Gradients of what many modules share are then another mixture than the bug everywhere makes.
    @ParameterizedTest
    @CsvSource({
        "modulation-activation-missing, blocks.1.adaLN_modulation.0",
        "modulation-activation-missing, final_layer.0.adaLN_modulation.0",
        "shift-scale-swapped, final_layer.0.linear",
        "shift-scale-swapped, blocks.1.mlp.fc1",
        "mlp-gate-missing, blocks.0"
    })
    void aBugInOneModuleOnlyIsNamed(String name, String module) {
        Bug bug = Zoo.of(name).orElseThrow();
        Mistake.Output everywhere = (Mistake.Output) bug.mistake();
        for (Precision precision : List.of(Precision.F32, Precision.BF16)) {
            CheckResult result = judged(precision, bug(everywhere.only(Set.of(module))));
            assertFalse(result.consistent());
            assertEquals(
                    List.of(bug),
                    result.diagnosis().looksLike().stream().map(Likeness::bug).toList());
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void rightStepsAreRightAndLookLikeNothing(Precision precision) {
        Survey survey = new Survey(SMALL, List.of(precision), List.of(), 1, FEW, 2);
        for (Survey.RightStep step : survey.run(EXACT, SUMS, WORKERS, folder, (done, all, what) -> {})
                .right()) {
            assertEquals(List.of(), step.alarms());
        }
        assertEquals(Diagnosis.NONE, judged(precision, null).diagnosis());
    }

    /// Mistakes that the catalogue does not have.
    @ParameterizedTest
    @ValueSource(strings = {"f32", "bf16"})
    void unknownBugsHaveNoName(String precision) {
        Precision p = Precision.of(precision).orElseThrow();
        List<Mistake> unknown = List.of(
                new Mistake.Operation(new Alteration() {
                    @Override
                    public Tensor gelu(Backend b, Tensor x) {
                        return b.scale(x, 0.5);
                    }
                }),
                new Mistake.Output("blocks\\.1\\.norm1", (s, call, y) -> Pointwise.scale(y, 1.1)),
                new Mistake.Output("velocity", (s, call, y) -> Pointwise.scale(y, 0.9)),
                new Mistake.Parameter("pos_embed", (b, table) -> b.scale(table, 1.5)));
        for (Mistake mistake : unknown) {
            CheckResult result = judged(p, bug(mistake));
            assertFalse(result.consistent());
            assertEquals(List.of(), result.diagnosis().looksLike());
        }
    }

    private static Bug bug(Mistake mistake) {
        return new Bug("unknown", Bug.Area.BLOCK, "Unknown.", "it", List.of(), "none", (c, a) -> true, mistake);
    }

    @Test
    void whereOnlyGradientsAreWrongTheFactorIsMeasured() {
        WrongGradients g = Objects.requireNonNull(judged(Precision.F32, bug(new Mistake.Scale(0.37, false)))
                .diagnosis()
                .gradients());
        assertTrue(g.scaled());
        assertEquals(0.37, g.terms().getFirst().factor(), 1e-4);
        assertEquals(g.all(), g.parameters().size());
    }

    @Test
    void whereOneTermOfTheLossHasTheWrongGradientItIsNamed() {
        // only the gradient: the loss's value is right
        Bug bug = bug(new Mistake.Output(
                "acceleration",
                (s, call, y) ->
                        y.tape().intercept(y, y.value(), dy -> y.backend().scale(dy, 3))));
        WrongGradients g =
                Objects.requireNonNull(judged(Precision.F32, bug).diagnosis().gradients());
        assertFalse(g.scaled());
        for (WrongGradients.Term term : g.terms()) {
            assertEquals(term.name().equals("loss.acc") ? 3 : 1, term.factor(), 1e-3, term.name());
            assertEquals(!term.name().equals("loss.acc"), term.right());
        }
    }

    @Test
    void whereGradientsOfSomeParametersAreWrongTheyAreListed() {
        Bug bug = bug(new Mistake.Output(
                "blocks\\.0\\.mlp\\.fc1",
                (s, call, y) ->
                        y.tape().intercept(y, y.value(), dy -> y.backend().scale(dy, 1))));
        assertNull(judged(Precision.F32, bug).diagnosis().gradients(), "the same thing, done in another way");
        WrongGradients g = judged(Precision.F32, Zoo.of("transposed").orElseThrow())
                .diagnosis()
                .gradients();
        assertNotNull(g);
        assertEquals(List.of("blocks.0.attn.proj.weight"), g.parameters());
        assertEquals(List.of(), g.terms());
    }

    @Test
    void whereValuesAreWrongNothingIsSaidOfGradients() {
        assertNull(judged(Precision.F32, Zoo.of("half-missing").orElseThrow())
                .diagnosis()
                .gradients());
    }
}
