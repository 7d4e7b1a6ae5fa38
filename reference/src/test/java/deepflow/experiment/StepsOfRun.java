package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.io.ElementType;
import deepflow.io.SafetensorsWriter;
import deepflow.io.TensorSource;
import deepflow.oracle.Precision;
import deepflow.oracle.StepMetadata;
import deepflow.parallel.Ranks;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import java.nio.file.Path;
import java.util.Arrays;

/// Dumps of the steps of a float32 run that kept all its checkpoints: the state before a step and its batch go in, the
/// state after it is the result.
///
/// @param run the run's folder
/// @param config what it computed; one part a batch, no SSL alignment
/// @param data what it learnt from
public record StepsOfRun(Path run, RunConfig config, DataSet data) {
    /// Writes the dump of a step.
    ///
    /// @param step from 2: no checkpoint holds what the first began with
    /// @return the file
    public Path dump(long step, Path file) {
        SafetensorsWriter writer = new SafetensorsWriter();
        new StepMetadata(
                        config.model(),
                        config.objective(),
                        Precision.F32,
                        "a run's checkpoints",
                        1,
                        new StepMetadata.Optimizer(config.optimizer(), step))
                .write()
                .forEach(writer::metadata);
        batch(step, writer);
        RunFolder folder = new RunFolder(run);
        try (TensorSource before = TensorSource.open(folder.checkpoint(step - 1));
                TensorSource after = TensorSource.open(folder.checkpoint(step))) {
            for (String name : before.names()) {
                add(writer, name.startsWith("weight.") ? name : "before." + name, before, name);
            }
            for (String name : after.names()) {
                if (!name.startsWith("weight.") || after.names().contains(name.replaceFirst("weight", "m"))) {
                    add(writer, "after." + name, after, name);
                }
            }
            writer.write(file);
        }
        return file;
    }

    private static void add(SafetensorsWriter writer, String as, TensorSource source, String name) {
        writer.add(as, ElementType.F32, source.info(name).shape(), sink -> sink.put(source.readDoubles(name)));
    }

    /// As the run draws it, of one part.
    private void batch(long step, SafetensorsWriter writer) {
        try (Backend b = Backends.open("cpu", DType.F64, 1)) {
            Batch batch = new Batches(config, data).of(b, Ranks.ALONE, step).getFirst();
            add(writer, "in.x0", b, batch.x0());
            add(writer, "in.x1", b, batch.x1());
            for (int i = 0; i < batch.t().size(); i++) {
                add(writer, "in.t." + i, b, batch.t().get(i));
            }
            long[] y = Arrays.stream(b.download(batch.y()))
                    .mapToLong(label -> (long) label)
                    .toArray();
            writer.add("in.y", ElementType.I64, new long[] {y.length}, y);
        }
    }

    private static void add(SafetensorsWriter writer, String name, Backend b, Tensor x) {
        double[] values = b.download(x);
        long[] shape = Arrays.stream(x.shape().dims()).asLongStream().toArray();
        writer.add(name, ElementType.F32, shape, sink -> sink.put(values));
    }
}
