package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import deepflow.io.FormatException;
import deepflow.io.TensorSource;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// One wrong tensor, whichever it is and whatever is wrong with it, is found, and is the one that is named.
class WrongTensorTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"one-token-step-f64", "clamped-f64"})
    void eachCorruptionOfEachTensorIsNamed(String step) {
        try (Backend backend = Backends.open("cpu", DType.F64, 2);
                Dump dump = Dump.open(TestData.step(step));
                TensorSource file = TensorSource.open(TestData.step(step))) {
            Checker checker = new Checker(backend);
            List<Truth> truths = checker.truths(dump).stream()
                    .map(WrongTensorTest::computedOnce)
                    .toList();
            // the truth itself in place of what was dumped: equal arrays are compared faster
            ChangedTensors tensors = ChangedTensors.none(file);
            truths.stream()
                    .filter(t -> dump.has(t.name()))
                    .forEach(t -> tensors.cache().put(t.name(), t.values().get()));
            Set<String> names = truths.stream().map(Truth::name).collect(Collectors.toSet());
            assertTrue(names.containsAll(dump.names().stream()
                    .filter(n -> !n.matches("(in|weight|before)\\..*"))
                    .toList()));
            for (Truth truth : truths) {
                if (dump.has(truth.name())) {
                    corrupt(truth, tensors, truths);
                }
            }
        }
    }

    /// The truth does not change from one judgement to the next.
    private static Truth computedOnce(Truth t) {
        double[] values = t.values().get();
        Norm scale = t.scale().get();
        return new Truth(t.name(), t.shape(), t.when(), () -> values, t.alternative(), () -> scale);
    }

    private static void corrupt(Truth truth, ChangedTensors tensors, List<Truth> truths) {
        String name = truth.name();
        double[] right = tensors.readDoubles(name);
        boolean zero = Arrays.stream(right).allMatch(v -> v == 0);
        if (!zero) {
            named(name, tensors.with(name, each(right, v -> v * 1.001)), truths);
            named(name, tensors.with(name, new double[right.length]), truths);
            named(name, tensors.with(name, each(right, v -> -v)), truths);
        }
        double[] one = right.clone();
        one[right.length / 2] += Math.max(1e-3, 1e-9 * Norm.of(right).value());
        named(name, tensors.with(name, one), truths);
        double[] nan = right.clone();
        nan[right.length - 1] = Double.NaN;
        assertEquals(
                Finding.Status.NOT_FINITE,
                named(name, tensors.with(name, nan), truths).status());
        int rank = truth.shape().rank();
        if (rank >= 2
                && truth.shape().dim(-1) == truth.shape().dim(-2)
                && truth.shape().dim(-1) > 1) {
            named(name, tensors.with(name, transposed(right, truth.shape().dim(-1))), truths);
        }
        removed(truth, zero, judge(tensors.with(name, null), truths));
    }

    private static void removed(Truth truth, boolean zero, CheckResult result) {
        if (truth.name().equals("optim.grad_norm")) { // alone in its family, which is then absent
            assertTrue(result.consistent());
            assertTrue(result.absent().contains("optim.*"));
            return;
        }
        boolean counts = truth.when() == Truth.Absence.FINDING && !zero;
        assertEquals(!counts, result.consistent(), truth.name());
        Optional<Finding> finding = result.findings().stream()
                .filter(f -> f.name().equals(truth.name()))
                .findFirst();
        if (counts) {
            assertEquals(truth.name(), result.first().orElseThrow().name());
        }
        if (counts || truth.when() == Truth.Absence.LISTED) {
            assertEquals(Finding.Status.MISSING, finding.orElseThrow().status());
        } else {
            assertTrue(finding.isEmpty(), truth.name());
        }
    }

    private static double[] each(double[] values, DoubleUnaryOperator f) {
        return Arrays.stream(values).map(f).toArray();
    }

    /// Matrices of n × n, each transposed.
    private static double[] transposed(double[] values, int n) {
        double[] turned = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int row = i / n % n;
            turned[i - i % (n * n) + i % n * n + row] = values[i];
        }
        return turned;
    }

    private static CheckResult judge(TensorSource tensors, List<Truth> truths) {
        return new Judge(Dump.of(tensors), 1e-12).judge(truths);
    }

    private static Finding named(String name, TensorSource tensors, List<Truth> truths) {
        CheckResult result = judge(tensors, truths);
        assertFalse(result.consistent(), () -> name + " was not noticed");
        assertEquals(name, result.first().orElseThrow().name());
        assertEquals(
                1,
                result.findings().stream().filter(Finding::counts).count(),
                () -> "beside " + name + " others count");
        return result.first().orElseThrow();
    }

    private CheckResult check(UnaryOperator<EditedDump> change) {
        return check("one-token-step-f64", change);
    }

    private CheckResult check(String step, UnaryOperator<EditedDump> change) {
        Path file = change.apply(EditedDump.read(TestData.step(step))).write(folder.resolve("dump.safetensors"));
        try (Backend backend = Backends.open("cpu", DType.F64, 1)) {
            return new Checker(backend).check(file);
        }
    }

    private static @Nullable Finding find(CheckResult result, String name) {
        return result.findings().stream()
                .filter(f -> f.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    private static Finding.Status status(CheckResult result, String name) {
        Finding finding = find(result, name);
        assertTrue(finding != null, () -> name + " has no finding");
        return finding.status();
    }

    @Test
    void otherShapesTypesAndStrangersAreFindings() {
        String loss = "loss.total";
        assertAll(
                () -> first(check(d -> d.put(loss, List.of(2L), 1, 1)), loss, Finding.Status.SHAPE),
                () -> first(check(d -> d.put(loss, List.of(1L, 1L), d.values(loss))), loss, Finding.Status.SHAPE),
                () -> first(check(d -> d.put(loss, List.of(0L))), loss, Finding.Status.SHAPE),
                () -> first(
                        check(d -> d.put("grad.df_blocks.0.acc_mlp.0.bias", "I64", List.of(5L), new byte[40])),
                        "grad.df_blocks.0.acc_mlp.0.bias",
                        Finding.Status.WRONG),
                () -> first(
                        check(d -> d.put("grad.nothing", List.of(1L), 1)), "grad.nothing", Finding.Status.UNEXPECTED),
                () -> first(
                        check(d -> d.put("grad.pos_embed", List.of(1L, 1L, 12L), new double[12])),
                        "grad.pos_embed",
                        Finding.Status.UNEXPECTED),
                () -> first(
                        check(d -> d.put("out.velocity.2", List.of(1L), 1)),
                        "out.velocity.2",
                        Finding.Status.UNEXPECTED),
                () -> first(check(d -> d.put("loss.ssl", List.of(1L), 1)), "loss.ssl", Finding.Status.UNEXPECTED));
    }

    private static void first(CheckResult result, String name, Finding.Status status) {
        assertEquals(name, result.first().orElseThrow().name());
        assertEquals(status, result.first().orElseThrow().status());
    }

    @Test
    void whatOthersMayHaveIsListedAndDoesNotCount() {
        CheckResult result = check(
                d -> d.put("act.blocks.0.drop_path", List.of(1L), 1).put("gradact.blocks.0.drop_path", List.of(1L), 1));
        assertTrue(result.consistent());
        for (String name : List.of("act.blocks.0.drop_path", "gradact.blocks.0.drop_path")) {
            assertEquals(Finding.Status.UNEXPECTED, status(result, name));
        }
    }

    /// A family that is misspelt must not pass for one that is absent.
    @Test
    void tensorsOfNoFamilyCount() {
        CheckResult result = check(d -> d.rename("loss.total", "losses.total"));
        assertFalse(result.consistent());
        assertEquals(Finding.Status.UNEXPECTED, status(result, "losses.total"));
    }

    @Test
    void aDumpWithoutResultsIsUnusable() {
        FormatException e = assertThrows(
                FormatException.class,
                () -> check(d -> d.remove(n -> n.matches("(act|gradact|grad|out|loss|after|optim)\\..*"))));
        assertTrue(e.getMessage().contains("nothing that could be judged"), e.getMessage());
    }

    /// A moving average over all of a state dict holds the position table too, unchanged.
    @Test
    void fixedParametersMayBeInTheOptimizerStep() {
        List<Long> shape = List.of(1L, 1L, 12L);
        CheckResult same = check(d -> {
            double[] table = d.values("weight.pos_embed");
            return d.put("before.ema.pos_embed", shape, table)
                    .put("after.ema.pos_embed", shape, table)
                    .put("after.weight.pos_embed", shape, table);
        });
        assertTrue(same.consistent(), same::toString);
        assertEquals(Finding.Status.OK, status(same, "after.ema.pos_embed"));
        CheckResult moved = check(d -> {
            double[] table = d.values("weight.pos_embed");
            table[3] += 1;
            return d.put("after.weight.pos_embed", shape, table);
        });
        first(moved, "after.weight.pos_embed", Finding.Status.WRONG);
    }

    @Test
    void anOptimizerWithoutAverageIsJudged() {
        CheckResult result = check(d -> d.remove(n -> n.contains(".ema.")));
        assertTrue(result.consistent(), result::toString);
        assertTrue(result.absent().contains("after.ema.*"));
        assertTrue(result.findings().stream().anyMatch(f -> f.name().startsWith("after.m.")));
    }

    @Test
    void eachFamilyOfTheOptimizerMayBeAbsent() {
        CheckResult result = check(d -> d.remove(n -> n.matches("after\\.(m|v|ema)\\..*|optim\\..*")));
        assertTrue(result.consistent(), result::toString);
        assertTrue(result.absent().containsAll(List.of("optim.*", "after.m.*", "after.v.*", "after.ema.*")));
    }

    @Test
    void absentFamiliesAreListedAndNotJudged() {
        CheckResult result = check(d -> d.remove(n -> n.matches("(act|gradact|grad|out|after|optim)\\..*")));
        assertTrue(result.consistent());
        assertEquals(List.of("act.*", "gradact.*", "out.*", "grad.*", "after.*"), result.absent());
        assertEquals(3, result.findings().size(), result.findings()::toString);
    }

    @Test
    void aliasesAreJudgedWhenTheyAreThere() {
        String[][] pairs = {
            {"act.blocks.0.attn.proj", "act.blocks.0.attn"},
            {"act.blocks.1.mlp.fc2", "act.blocks.1.mlp"},
            {"act.df_blocks.0.acc_mlp.6", "act.df_blocks.0"},
            {"act.df_blocks.0.acc_mlp.6", "act.df_blocks.0.acc_mlp"},
            {"gradact.df_blocks.0.acc_mlp.6", "gradact.df_blocks.0.acc_mlp"},
            {"act.final_layer.0.linear", "act.final_layer.0"},
            {"act.t_embedder.mlp.2#1", "act.t_embedder#1"}
        };
        CheckResult right = check(d -> {
            for (String[] pair : pairs) {
                d.put(pair[1], d.part(pair[0]).shape(), d.values(pair[0]));
            }
            return d;
        });
        assertTrue(right.consistent(), () -> right.first().toString());
        for (String[] pair : pairs) {
            assertEquals(Finding.Status.OK, status(right, pair[1]));
        }
        CheckResult wrong = check(
                d -> d.put("act.blocks.0.attn", d.part("act.blocks.0.attn.proj").shape(), new double[36]));
        first(wrong, "act.blocks.0.attn", Finding.Status.WRONG);
    }

    @Test
    void tokensOfTheEmbedderAreAnAlias() {
        CheckResult result = check("clamped-f64", d -> {
            // (N, D, h, w) to (N, h·w, D)
            double[] x = d.values("act.x_embedder.proj");
            List<Long> s = d.part("act.x_embedder.proj").shape();
            int n = s.get(0).intValue();
            int width = s.get(1).intValue();
            int tokens = (int) (s.get(2) * s.get(3));
            double[] y = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                int token = i % tokens;
                int channel = i / tokens % width;
                int sample = i / tokens / width;
                y[(sample * tokens + token) * width + channel] = x[i];
            }
            return d.put("act.x_embedder", List.of((long) n, (long) tokens, (long) width), y);
        });
        assertTrue(result.consistent(), () -> result.first().toString());
        assertEquals(Finding.Status.OK, status(result, "act.x_embedder"));
    }

    @Test
    void wrappersAreTakenOffNames() {
        CheckResult result = check(d -> {
            for (String name : d.names()) {
                if (name.startsWith("grad.")) {
                    d.rename(name, "grad.module._orig_mod.module." + name.substring(5));
                }
                if (name.startsWith("weight.")) {
                    d.rename(name, "weight._orig_mod." + name.substring(7));
                }
            }
            return d;
        });
        assertTrue(result.consistent(), () -> result.first().toString());
        assertEquals(
                check(d -> d).findings().stream().map(Finding::name).toList(),
                result.findings().stream().map(Finding::name).toList());
    }

    @Test
    void aLossIsANumberHoweverWritten() {
        assertTrue(check(d -> d.put("loss.total", List.of(), d.values("loss.total")))
                .consistent());
        assertTrue(check(d -> d.meta("format", "pt")).consistent());
        assertTrue(check(d -> d.meta("format", "1")).consistent());
    }

    @Test
    void gradientsCarryTheLossScale() {
        UnaryOperator<EditedDump> scaled = d -> {
            d.names().stream()
                    .filter(n -> n.startsWith("grad.") || n.startsWith("gradact."))
                    .forEach(n -> d.map(n, v -> v * 1024));
            return d;
        };
        CheckResult right = check(d -> scaled.apply(d).meta("loss_scale", "1024"));
        assertTrue(right.consistent(), () -> right.first().toString());
        CheckResult wrong = check(scaled);
        assertFalse(wrong.consistent());
        assertTrue(wrong.first().orElseThrow().name().matches("(grad|gradact)\\..*"));
    }

    /// The dump's gradients are wrong, but what its optimizer made of them is right: the gradients alone are blamed.
    @Test
    void theOptimizerIsNotBlamedForGradients() {
        String name = "df_blocks.0.acc_mlp.0.bias";
        CheckResult wrong = check(d -> {
            double[] m = d.values("before.m." + name);
            double[] g = d.values("grad." + name);
            double[] v = d.values("before.v." + name);
            double before = d.values("optim.grad_norm")[0];
            double off = 1e-7;
            double norm = Math.sqrt(before * before - g[0] * g[0] + (g[0] + off) * (g[0] + off));
            double factor = Math.min(1, 1 / (norm + 1e-6));
            g[0] += off;
            for (int i = 0; i < g.length; i++) {
                double clipped = factor * g[i];
                d.set("after.m." + name, i, 0.9 * m[i] + 0.1 * clipped);
                d.set("after.v." + name, i, 0.999 * v[i] + 0.001 * clipped * clipped);
            }
            return d.set("grad." + name, 0, g[0]).set("optim.grad_norm", 0, norm);
        });
        assertEquals("grad." + name, wrong.first().orElseThrow().name());
        assertEquals(Finding.Status.OK, status(wrong, "after.m." + name));
        assertEquals(Finding.Status.OK, status(wrong, "optim.grad_norm"));
    }

    @Test
    void theNormIsOfAllGradientsAlsoWithoutState() {
        UnaryOperator<EditedDump> normOnly = d -> d.remove(n -> n.matches("(before|after)\\..*"));
        assertEquals(Finding.Status.OK, status(check(normOnly), "optim.grad_norm"));
        CheckResult wrong = check(d -> normOnly.apply(d).map("optim.grad_norm", v -> v / 2));
        first(wrong, "optim.grad_norm", Finding.Status.WRONG);
    }

    @Test
    void anOverflowIsRightWhereTheTruthOverflows() {
        UnaryOperator<EditedDump> overflowing = d -> d.remove(n -> !n.matches("(in|weight|loss)\\..*"))
                .map("weight.final_layer.1.linear.weight", v -> v * 1e200);
        CheckResult finite = check(overflowing);
        first(finite, "loss.deep", Finding.Status.NOT_FINITE);
        CheckResult infinite = check(d -> overflowing
                .apply(d)
                .set("loss.deep", 0, Double.POSITIVE_INFINITY)
                .set("loss.total", 0, Double.POSITIVE_INFINITY));
        assertTrue(infinite.consistent(), () -> infinite.first().toString());
        CheckResult nan = check(d -> overflowing
                .apply(d)
                .set("loss.deep", 0, Double.POSITIVE_INFINITY)
                .set("loss.total", 0, Double.NaN));
        first(nan, "loss.total", Finding.Status.NOT_FINITE);
    }
}
