package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceId;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The peer's steps judged against budgets: right ones, and ones with one wrong tensor that no threshold would notice.
class BudgetedCheckTest {
    private static final Path STEPS = Path.of("../testdata/steps");
    private static final Judging FEW = new Judging(null, 1e-3, 5);
    private static final Backend EXACT = Backends.open("cpu", DType.F64, 2);
    private static final Workers WORKERS = Workers.cpu(2);

    @TempDir
    private Path folder;

    @AfterAll
    static void close() {
        EXACT.close();
    }

    private static CheckResult check(Path dump, Judging judging) {
        return new Checker(EXACT, WORKERS, judging).check(dump);
    }

    private CheckResult edited(EditedDump dump) {
        return check(dump.write(folder.resolve("step.safetensors")), FEW);
    }

    private static TensorVerdict verdict(CheckResult result, String name) {
        return Objects.requireNonNull(result.findings().stream()
                .filter(f -> f.name().equals(name))
                .findFirst()
                .orElseThrow()
                .verdict());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "clamped-f64",
                "one-token-step-bf16",
                "patch-four-amp-fp16",
                "patch-four-one-sample-f32",
                "qk-norm-alignment-bf16"
            })
    void rightStepsAreConsistent(String name) {
        CheckResult result = check(STEPS.resolve(name + ".safetensors"), FEW);
        assertEquals(List.of(), result.suspects());
        assertTrue(result.consistent());
        double squares = 0;
        int n = 0;
        for (Finding f : result.findings()) {
            TensorVerdict v = f.verdict();
            if (v != null && v.globalSigma() > 0) {
                squares += v.globalSigma() * v.globalSigma();
                n++;
                assertTrue(v.budget() > 0 && v.power() > 0 && v.power() <= v.budget(), f.name());
            }
        }
        double rms = Math.sqrt(squares / n);
        assertTrue(n > 20 && rms > 0.5 && rms < 2, "error over sigma: " + rms);
    }

    @Test
    void oneWrongOperationIsTheFirstSuspectThoughAllAfterItIsRight() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        String name = "act.blocks.1.attn.qkv";
        // three unit roundoffs too large: far below the threshold of 1e-5
        CheckResult result = edited(dump.map(name, x -> x * (1 + 1.5e-6)));
        assertEquals(List.of(name), result.suspects());
        assertTrue(verdict(result, name).locallyWrong());
        assertFalse(verdict(result, "act.blocks.0").wrong());
    }

    @Test
    void aWrongGradientIsItsOwnSuspect() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        String name = "grad.blocks.2.mlp.fc1.weight";
        CheckResult result = edited(dump.map(name, x -> x * 1.00001));
        assertEquals(List.of(name), result.suspects());
    }

    /// A gradient that a loss computes can be wrong though the loss's value is not.
    @Test
    void theLossIsSuspectedWithTheGradientOfWhatItReads() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        String last = "gradact.final_layer.1.linear";
        assertEquals(
                List.of("loss.deep", last),
                edited(dump.copy().map(last, x -> x * 1.001)).suspects());
        String acceleration = "gradact.final_acc_layer.linear";
        assertEquals(
                List.of("loss.acc", acceleration),
                edited(dump.map(acceleration, x -> x * 1.001)).suspects());
    }

    private static List<String> names(CheckResult result) {
        return result.diagnosis().looksLike().stream().map(l -> l.bug().name()).toList();
    }

    /// Gradients that a bug leaves none of are not that bug's if they are there, a thousand times too small.
    @Test
    void farTooSmallIsNotZero() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        dump.names().stream().filter(name -> name.startsWith("grad.")).forEach(name -> dump.map(name, x -> x / 1024));
        CheckResult result = edited(dump);
        assertFalse(result.consistent());
        assertEquals(List.of(), names(result));
    }

    /// A value that no bug explains, and gradients as a bug has them: these are what the unknown mistake makes of them.
    @Test
    void gradientsAloneNameNoBugWhereAValueIsWrong() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        dump.names().stream()
                .filter(name -> name.startsWith("grad.final_acc_layer"))
                .forEach(name -> dump.map(name, x -> 0));
        CheckResult gradients = edited(dump.copy());
        assertFalse(names(gradients).isEmpty());
        assertEquals(List.of(), names(edited(dump.map("act.blocks.0.norm1", x -> x * 1.07 + 0.01))));
    }

    @Test
    void factorsOfOneAreNotReported() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        String name = "gradact.blocks.2.mlp.fc1";
        CheckResult result = edited(dump.map(name, x -> x * 1.0001));
        assertEquals(List.of(name), result.suspects());
        // every gradient of a parameter is what it should be, so nothing is scaled
        assertEquals(
                List.of(),
                Objects.requireNonNull(result.diagnosis().gradients()).terms());
    }

    @Test
    void whatWasNotRecordedIsSuspectedWithWhatItWentInto() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        String after = "act.blocks.0.mlp.fc2";
        dump.remove("act.blocks.0.mlp.fc1"::equals);
        CheckResult result = edited(dump.map(after, x -> x * 1.0001));
        assertEquals(List.of("act.blocks.0.mlp.fc1", "act.blocks.0.mlp.act", after), result.suspects());
    }

    @Test
    void theTotalLossIsJudgedFromTheRecordedLosses() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        // eight unit roundoffs: less than what is lost on the way to the losses
        CheckResult result = edited(dump.map("loss.total", x -> x * (1 + 5e-7)));
        assertEquals(List.of("loss.total"), result.suspects());
    }

    @Test
    void refinedTokensStandForTheBlocksOutput() {
        EditedDump dump = EditedDump.read(STEPS.resolve("tiny-2t-f32.safetensors"));
        dump.remove("act.df_blocks.0.cross_attention"::equals);
        CheckResult result = edited(dump.map("out.refined.0", x -> x * 1.0001));
        assertEquals("out.refined.0", result.suspects().getLast());
    }

    @Test
    void aDumpMayBeHeldToAnotherPrecision() {
        Path narrow = STEPS.resolve("tiny-2t-bf16.safetensors");
        CheckResult result = check(narrow, new Judging(Precision.FP16, 1e-3, 4));
        assertFalse(result.consistent(), "bfloat16 is not as good as binary16");
    }

    @Test
    void theSameDumpGetsTheSameVerdict() {
        Path dump = STEPS.resolve("one-token-step-bf16.safetensors");
        assertEquals(check(dump, FEW).findings(), check(dump, FEW).findings());
    }

    @Test
    void threadsChangeNoBit() {
        Path dump = STEPS.resolve("one-token-step-bf16.safetensors");
        Workers three = Workers.cpu(3);
        assertEquals(
                check(dump, FEW).findings(),
                new Checker(EXACT, three, FEW).check(dump).findings());
    }

    @Test
    void aRunThatFailsEndsTheOthersAndSaysWhy() {
        Workers failing = new Workers(2, options -> {
            if (Thread.currentThread().getName().startsWith("deepflow-run")) {
                throw new IllegalStateException("no back end today");
            }
            return Backends.open(DeviceId.CPU, options);
        });
        Checker checker = new Checker(EXACT, failing, FEW);
        Path dump = STEPS.resolve("one-token-step-bf16.safetensors");
        Exception e = assertThrows(IllegalStateException.class, () -> checker.check(dump));
        assertEquals("no back end today", e.getMessage());
    }

    @Test
    void budgetsAreTheDefaultAndTheirAbsenceIsSaid() {
        Path dump = STEPS.resolve("one-token-step-bf16.safetensors");
        CheckResult byDefault = check(dump, Judging.BY_BUDGETS);
        assertEquals(16, byDefault.runs());
        assertEquals(32, byDefault.emulatedPasses());
        assertEquals("", byDefault.unbudgeted());
        CheckResult without = check(dump, Judging.BY_THRESHOLD);
        assertEquals(0, without.emulatedPasses());
        assertEquals("no emulated runs were asked for", without.unbudgeted());
        try (Backend narrow = Backends.open("cpu", DType.F32, 1)) {
            CheckResult result = new Checker(narrow, WORKERS, Judging.BY_BUDGETS).check(dump);
            assertEquals("a replay in float32 is no truth to measure by", result.unbudgeted());
        }
    }

    @Test
    void withoutRunsThereAreNoBudgets() {
        Path dump = STEPS.resolve("tiny-2t-f64.safetensors");
        CheckResult result = check(dump, new Judging(null, 1e-3, 0));
        assertTrue(result.findings().stream().allMatch(f -> f.verdict() == null));
        assertNotNull(check(dump, FEW).findings().getFirst().verdict());
        assertThrows(IllegalArgumentException.class, () -> new Judging(null, 1e-3, 2));
        assertThrows(IllegalArgumentException.class, () -> new Judging(null, 0.7, 16));
    }
}
