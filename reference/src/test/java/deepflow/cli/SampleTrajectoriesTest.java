package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.ElementType;
import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.io.TensorSource;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `deepflow sample --noise` ends where the independent samplers of testdata/make_trajectories.py end.
class SampleTrajectoriesTest {
    private static final Path FOLDER = Path.of("../testdata/trajectories");
    private static final double TOLERANCE = 1e-11;

    @TempDir
    private Path folder;

    static Stream<String> cases() {
        try (TensorSource source = TensorSource.open(FOLDER.resolve("cases.safetensors"))) {
            return source.metadata().keySet().stream().filter(k -> k.startsWith("case."));
        }
    }

    private Path npy(TensorSource source, String name, long limit) {
        long[] shape = source.info(name).shape();
        double[] values = source.readDoubles(name);
        if (limit > 0) {
            values = Arrays.copyOf(values, (int) (values.length / shape[0] * limit));
            shape[0] = limit;
        }
        Path file = folder.resolve(name + ".npy");
        boolean labels = source.info(name).type() == ElementType.I64;
        Npy.write(
                file,
                labels
                        ? NpyArray.of(ElementType.I64, shape, source.readLongs(name))
                        : NpyArray.of(ElementType.F64, shape, values));
        return file;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void endsWhereTheOtherImplementationEnds(String key) {
        try (TensorSource source = TensorSource.open(FOLDER.resolve("cases.safetensors"))) {
            Map<String, String> metadata = source.metadata();
            JsonNode c = JsonMapper.shared().readTree(metadata.get(key));
            Path result = folder.resolve("out.npy");
            List<String> arguments = new ArrayList<>(List.of(
                    "sample",
                    "--threads=1",
                    "--weights=" + FOLDER.resolve(c.get("weights").asString() + ".safetensors"),
                    "--noise=" + npy(source, "noise", 0),
                    "--labels=" + npy(source, "labels", 0),
                    "--sampler=" + c.get("sampler").asString(),
                    "--cfg=" + c.get("scale").asDouble(),
                    "--guidance-low=" + c.get("low").asDouble(),
                    "--guidance-high=" + c.get("high").asDouble(),
                    "--compute=f64",
                    "--npy=" + result));
            int steps = c.get("steps").asInt();
            if (steps > 0) {
                arguments.add("--steps=" + steps);
            }
            if (c.get("sampler").asString().equals("sde")) {
                arguments.add("--increments=" + npy(source, "increments", steps - 1));
            }
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            int code = Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
            assertEquals("", err.toString());
            assertEquals(0, code);
            double[] expected = source.readDoubles(key.substring(5) + ".out");
            double[] actual = Npy.read(result).toDoubles();
            assertEquals(expected.length, actual.length);
            double worst = 0;
            for (int i = 0; i < expected.length; i++) {
                worst = Math.max(worst, Math.abs(expected[i] - actual[i]) / Math.max(1, Math.abs(expected[i])));
            }
            assertTrue(worst <= TOLERANCE, key + " is off by " + worst);
            assertEquals(evaluations(c.get("evaluations")), lastLine(out));
        }
    }

    private static String lastLine(StringWriter out) {
        return out.toString().lines().reduce("", (_, line) -> line).replaceAll(".*per sample: ", "");
    }

    private static String evaluations(JsonNode n) {
        if (n.isNumber()) {
            return n.asString();
        }
        long[] counts = n.valueStream().mapToLong(JsonNode::asLong).sorted().toArray();
        double mean = Arrays.stream(counts).average().orElseThrow();
        long first = counts[0];
        long last = counts[counts.length - 1];
        return first == last ? "" + first : String.format(Locale.ROOT, "%.1f on average, %d to %d", mean, first, last);
    }
}
