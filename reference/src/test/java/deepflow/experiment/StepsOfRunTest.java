package deepflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import deepflow.io.ElementType;
import deepflow.io.SafetensorsWriter;
import deepflow.io.TensorSource;
import deepflow.oracle.CheckResult;
import deepflow.oracle.Finding;
import deepflow.oracle.Oracle;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The steps of a float32 run, judged one by one from its checkpoints: there are no gradients in them, and a key's bias
/// has the gradient 0 but for rounding, of which AdamW makes a step of full size.
class StepsOfRunTest {
    private static final DataSet DIGITS = new DataSets(Path.of("..", "testdata")).open("digits", 10, null);

    @TempDir
    private Path folder;

    private StepsOfRun steps() {
        RunConfig config = RunConfigJson.parse(
                Fields.object(TrainingRunTest.TINY.formatted(", \"precision\": \"f32\", \"weight_decay\": 0.01")));
        Path run = folder.resolve("run");
        try (Backend b = Backends.open("cpu", DType.F32, 1)) {
            new TrainingRun(new RunFolder(run), config, DIGITS, "test")
                    .train(b, new Schedule(6, 1, 6, false), false, RunListener.SILENT);
        }
        return new StepsOfRun(run, config, DIGITS);
    }

    @Test
    void eachIsConsistent() {
        StepsOfRun steps = steps();
        for (int step = 2; step <= 6; step++) {
            CheckResult result = Oracle.check(steps.dump(step, folder.resolve("step.safetensors")))
                    .result();
            String name = "step " + step;
            assertTrue(result.consistent(), () -> name + ": " + result.first());
            assertEquals("", result.unbudgeted(), name);
            assertTrue(result.findings().stream()
                    .filter(f ->
                            f.name().startsWith("after.weight.") && !f.name().endsWith("pos_embed"))
                    .allMatch(f -> f.verdict() != null));
        }
    }

    /// What moments, weights and averages are is still held to the replay, or to each other.
    @Test
    void whatIsWrongInOneIsFound() {
        Path right = steps().dump(3, folder.resolve("right.safetensors"));
        for (String wrong : new String[] {
            "after.m.blocks.0.attn.qkv.bias", "after.v.blocks.1.mlp.fc1.weight",
            "after.weight.blocks.0.attn.qkv.bias", "after.ema.final_layer.1.linear.weight"
        }) {
            Path file = folder.resolve("wrong.safetensors");
            SafetensorsWriter writer = new SafetensorsWriter();
            try (TensorSource source = TensorSource.open(right)) {
                source.metadata().forEach(writer::metadata);
                for (String name : source.names()) {
                    double[] values = source.readDoubles(name);
                    if (name.equals(wrong)) {
                        Arrays.setAll(values, i -> 1.01 * values[i]);
                    }
                    ElementType type = source.info(name).type();
                    writer.add(name, type, source.info(name).shape(), sink -> sink.put(values));
                }
                writer.write(file);
            }
            CheckResult result = Oracle.check(file).result();
            assertEquals(wrong, result.first().map(Finding::name).orElse("nothing"));
        }
    }
}
