package deepflow.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.SafetensorsWriter;
import deepflow.io.TensorSource;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class StateDictTest {
    private static final ModelConfig CONFIG = Configs.named("tiny-2t");
    private static final List<ParameterSpec> SPECS = Declarations.of(new DeepFlow(CONFIG));
    private static final ParameterSpec SOME = spec("blocks.1.mlp.fc1.weight");
    private static final ParameterSpec POSITIONS = spec("pos_embed");

    @TempDir
    private Path folder;

    private static ParameterSpec spec(String name) {
        return SPECS.stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
    }

    private static long[] shape(ParameterSpec s) {
        return Arrays.stream(s.shape().dims()).asLongStream().toArray();
    }

    /// Adds a whole set of parameters under a prefix.
    private static void add(SafetensorsWriter w, String prefix, long seed, ElementType type) {
        for (ParameterSpec s : SPECS) {
            w.add(prefix + s.name(), type, shape(s), new RandomWeights(seed).of(s));
        }
    }

    private TensorSource file(Consumer<SafetensorsWriter> content) {
        SafetensorsWriter w = new SafetensorsWriter();
        content.accept(w);
        Path path = folder.resolve("x.safetensors");
        w.write(path);
        return TensorSource.open(path);
    }

    private static void assertLoads(TensorSource source, StateDict.Weights weights, long seed) {
        try (source) {
            ParameterValues values = StateDict.of(source, weights).strict(SPECS);
            for (ParameterSpec s : SPECS) {
                assertArrayEquals(new RandomWeights(seed).of(s), values.of(s), s.name());
            }
        }
    }

    private static String refusal(Executable code) {
        String message = assertThrows(FormatException.class, code).getMessage();
        assertTrue(message.endsWith(".") && !message.contains("\n"), message);
        return message;
    }

    /// Every ordered choice of up to four different prefixes, `module.` also twice.
    static List<String> prefixes() {
        List<String> known = List.of("module.", "_orig_mod.", "weight.", "ema.");
        List<String> all = new ArrayList<>(List.of(""));
        for (int from = 0, length = 0; length < known.size(); length++) {
            int to = all.size();
            for (; from < to; from++) {
                for (String p : known) {
                    if (!all.get(from).contains(p)) {
                        all.add(all.get(from) + p);
                    }
                }
            }
        }
        all.add("module.module._orig_mod.");
        return all;
    }

    @ParameterizedTest
    @MethodSource("prefixes")
    void prefixesAreStripped(String prefix) {
        assertLoads(file(w -> add(w, prefix, 1, ElementType.F32)), StateDict.Weights.PLAIN, 1);
    }

    @Test
    void thereAreSixtyFivePrefixesAndTheirStack() {
        assertEquals(66, prefixes().size());
    }

    @Test
    void plainIsChosenUnlessTheAverageIsAskedFor() {
        for (List<String> pair : List.of(
                List.of("", "ema."),
                List.of("module.", "module.ema."),
                List.of("weight.", "ema."),
                List.of("weight.module.", "ema.module."))) {
            Consumer<SafetensorsWriter> both = w -> {
                add(w, pair.get(0), 1, ElementType.F32);
                add(w, pair.get(1), 2, ElementType.F32);
            };
            assertLoads(file(both), StateDict.Weights.PLAIN, 1);
            assertLoads(file(both), StateDict.Weights.EMA, 2);
        }
        try (TensorSource source = file(w -> add(w, "", 1, ElementType.F32))) {
            assertTrue(
                    refusal(() -> StateDict.of(source, StateDict.Weights.EMA)).contains("no moving average"));
        }
    }

    @Test
    void positionsWithoutAnAverageComeFromThePlainNames() {
        try (TensorSource source = file(w -> {
            add(w, "", 1, ElementType.F32);
            for (ParameterSpec s : SPECS) {
                if (s.trained()) {
                    w.add("ema." + s.name(), ElementType.F32, shape(s), new RandomWeights(2).of(s));
                }
            }
        })) {
            ParameterValues values = StateDict.of(source, StateDict.Weights.EMA).strict(SPECS);
            assertArrayEquals(new RandomWeights(2).of(SOME), values.of(SOME));
            assertArrayEquals(new RandomWeights(1).of(POSITIONS), values.of(POSITIONS));
        }
    }

    @Test
    void aTrainedParameterWithoutAnAverageIsMissing() {
        try (TensorSource source = file(w -> {
            add(w, "", 1, ElementType.F32);
            w.add("ema." + SOME.name(), ElementType.F32, shape(SOME), new RandomWeights(2).of(SOME));
        })) {
            StateDict.Comparison c = StateDict.of(source, StateDict.Weights.EMA).compare(SPECS);
            assertEquals(SPECS.size() - 2, c.missing().size());
            assertFalse(c.missing().contains(SOME.name()) || c.missing().contains("pos_embed"));
        }
    }

    @Test
    void onlyTheWeightsOfADumpCount() {
        assertLoads(
                file(w -> {
                    add(w, "weight.", 1, ElementType.F32);
                    add(w, "grad.", 2, ElementType.F32);
                    add(w, "before.ema.", 3, ElementType.F32);
                    w.add("in.y", ElementType.I64, new long[] {1}, new long[] {1});
                }),
                StateDict.Weights.PLAIN,
                1);
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "F32", "F64"})
    void floatingTypesAreRead(ElementType type) {
        try (TensorSource source = file(w -> add(w, "", 1, type))) {
            double[] read =
                    StateDict.of(source, StateDict.Weights.PLAIN).strict(SPECS).of(SOME);
            double[] exact = new RandomWeights(1).of(SOME);
            double roundoff = type == ElementType.BF16 ? 0x1p-8 : type == ElementType.F16 ? 0x1p-11 : 0;
            for (int i = 0; i < exact.length; i++) {
                assertEquals(exact[i], read[i], roundoff * Math.abs(exact[i]) + (roundoff > 0 ? 1e-7 : 0));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"I64", "I32", "U8", "BOOL"})
    void otherTypesAreRefusedByName(ElementType type) {
        try (TensorSource source = file(w -> {
            for (ParameterSpec s : SPECS) {
                w.add(
                        s.name(),
                        s == SOME ? type : ElementType.F32,
                        shape(s),
                        new double[(int) s.shape().size()]);
            }
            w.add("step", ElementType.I64, new long[] {}, new long[] {7});
        })) {
            StateDict state = StateDict.of(source, StateDict.Weights.PLAIN);
            String message = refusal(() -> state.strict(SPECS));
            assertTrue(message.contains(SOME.name()) && message.contains(type.name()), message);
            refusal(() -> state.lenient(SPECS, new Initialization(1)));
        }
    }

    @Test
    void whatDoesNotFitIsListedInOneSentence() {
        try (TensorSource source = file(w -> {
            add(w, "module.", 1, ElementType.F32);
            for (int i = 0; i < 12; i++) {
                w.add("extra." + (10 + i), ElementType.F32, new long[] {1}, new double[1]);
            }
        })) {
            List<ParameterSpec> more = new ArrayList<>(SPECS);
            more.remove(SOME);
            more.add(new ParameterSpec("lost", SOME.shape(), SOME.initializer(), true));
            more.add(new ParameterSpec(SOME.name(), POSITIONS.shape(), SOME.initializer(), true));
            StateDict state = StateDict.of(source, StateDict.Weights.PLAIN);
            String message = refusal(() -> state.strict(more));
            assertTrue(message.contains("1 missing: lost;"), message);
            assertTrue(message.contains("12 unexpected: extra.10, extra.11"), message);
            assertTrue(message.contains("extra.19, …") && !message.contains("extra.20"), message);
            assertTrue(
                    message.contains("1 of another shape: " + SOME.name() + " is [128, 32] instead of [1, 16, 32]"),
                    message);

            ParameterValues values = state.lenient(more, new Initialization(9));
            assertArrayEquals(new Initialization(9).of(more.getLast()), values.of(more.getLast()));
            assertArrayEquals(
                    new Initialization(9).of(more.get(more.size() - 2)), values.of(more.get(more.size() - 2)));
            assertArrayEquals(new RandomWeights(1).of(POSITIONS), values.of(POSITIONS));
            StateDict.Comparison c = state.compare(more);
            assertEquals(List.of("lost"), c.missing());
            assertEquals(12, c.unexpected().size());
            assertFalse(c.fits());
        }
    }

    @Test
    void oneThingThatDoesNotFitIsEnough() {
        try (TensorSource source = file(w -> add(w, "", 1, ElementType.F32))) {
            StateDict state = StateDict.of(source, StateDict.Weights.PLAIN);
            List<ParameterSpec> fewer = new ArrayList<>(SPECS);
            fewer.remove(SOME);
            assertTrue(refusal(() -> state.strict(fewer)).contains("1 unexpected: " + SOME.name()));
            fewer.add(new ParameterSpec(SOME.name(), POSITIONS.shape(), SOME.initializer(), true));
            assertTrue(refusal(() -> state.strict(fewer)).contains("parameters 1 of another shape: " + SOME.name()));
        }
    }

    @Test
    void twoNamesForOneParameterAreRefused() {
        try (TensorSource source = file(w -> {
            add(w, "", 1, ElementType.F32);
            add(w, "module.", 2, ElementType.F32);
        })) {
            assertTrue(
                    refusal(() -> StateDict.of(source, StateDict.Weights.PLAIN)).contains("are both the parameter"));
        }
    }

    @Test
    void aFileWithoutParametersIsRefused() {
        try (TensorSource source = file(w -> {})) {
            refusal(() -> StateDict.of(source, StateDict.Weights.PLAIN));
        }
        try (TensorSource source = file(w -> w.add("x\u001b[31m", ElementType.F32, new long[] {1}, new double[1]))) {
            String message =
                    refusal(() -> StateDict.of(source, StateDict.Weights.PLAIN).strict(SPECS));
            assertFalse(message.contains("\u001b"), message);
        }
    }

    @Test
    void loadedPositionsAreUsedAsLoaded() {
        double[] other = new double[(int) POSITIONS.shape().size()];
        Arrays.fill(other, 0.25);
        try (TensorSource source = file(w -> {
            for (ParameterSpec s : SPECS) {
                w.add(s.name(), ElementType.F32, shape(s), s == POSITIONS ? other : new RandomWeights(1).of(s));
            }
        })) {
            assertArrayEquals(
                    other,
                    StateDict.of(source, StateDict.Weights.PLAIN).strict(SPECS).of(POSITIONS));
        }
    }

    @Test
    void shardsAreOneStateDict() throws Exception {
        StringBuilder map = new StringBuilder();
        List<SafetensorsWriter> shards = List.of(new SafetensorsWriter(), new SafetensorsWriter());
        for (int i = 0; i < SPECS.size(); i++) {
            ParameterSpec s = SPECS.get(i);
            shards.get(i % 2).add("module." + s.name(), ElementType.F32, shape(s), new RandomWeights(4).of(s));
            map.append(i == 0 ? "" : ",").append("\"module.").append(s.name()).append("\":\"shard");
            map.append(i % 2).append(".safetensors\"");
        }
        for (int i = 0; i < 2; i++) {
            shards.get(i).write(folder.resolve("shard" + i + ".safetensors"));
        }
        Path index = Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"metadata\":{},\"weight_map\":{" + map + "}}");
        assertLoads(TensorSource.open(index), StateDict.Weights.PLAIN, 4);
    }

    @Test
    void theFilesOwnConfigurationCounts() {
        try (TensorSource source = file(w -> {
            add(w, "", 1, ElementType.F32);
            w.metadata("config", ConfigJson.write(CONFIG));
        })) {
            assertEquals(CONFIG, StateDict.of(source, StateDict.Weights.PLAIN).config());
        }
        try (TensorSource source = file(w -> {
            add(w, "", 1, ElementType.F32);
            w.metadata("config", "{\"sise\": 8}");
        })) {
            assertTrue(
                    refusal(() -> StateDict.of(source, StateDict.Weights.PLAIN).config())
                            .contains("'sise'"));
        }
        try (TensorSource source = file(w -> add(w, "", 1, ElementType.F32))) {
            assertTrue(
                    refusal(() -> StateDict.of(source, StateDict.Weights.PLAIN).config())
                            .contains("heads of width 32 is not known"));
        }
    }
}
