package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.io.ElementType;
import deepflow.io.SafetensorsWriter;
import deepflow.io.TensorSource;
import deepflow.model.ModelConfig;
import deepflow.oracle.Precision;
import deepflow.oracle.StepMetadata;
import deepflow.train.BatchOrder;
import deepflow.train.TrainingDraws;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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

    /// As SPEC §6 and the run draw it: sample n of step s has the position (s − 1)·N + n.
    private void batch(long step, SafetensorsWriter writer) {
        ModelConfig m = config.model();
        int size = config.batch();
        int pixels = m.channels() * m.size() * m.size();
        BatchOrder order = new BatchOrder(config.seed(), data.count());
        TrainingDraws draws = config.draws();
        double[] x0 = new double[size * pixels];
        double[] x1 = new double[size * pixels];
        List<double[]> t = new ArrayList<>();
        long[] y = new long[size];
        for (int n = 0; n < size; n++) {
            long position = (step - 1) * size + n;
            int index = order.index(position);
            double[] image = data.image(index, config.seed(), order.epoch(position));
            double[] noise = new double[pixels];
            draws.noise(position, noise);
            System.arraycopy(image, 0, x0, n * pixels, pixels);
            System.arraycopy(noise, 0, x1, n * pixels, pixels);
            t.add(draws.times(position, draws.sign(step)));
            y[n] = draws.label(position, data.label(index), m.classes());
        }
        long[] shape = {size, m.channels(), m.size(), m.size()};
        writer.add("in.x0", ElementType.F32, shape, sink -> sink.put(x0));
        writer.add("in.x1", ElementType.F32, shape, sink -> sink.put(x1));
        for (int i = 0; i < m.k(); i++) {
            double[] ti = new double[size];
            int branch = i;
            Arrays.setAll(ti, n -> t.get(n)[branch]);
            writer.add("in.t." + i, ElementType.F32, new long[] {size}, sink -> sink.put(ti));
        }
        writer.add("in.y", ElementType.I64, new long[] {size}, y);
    }
}
