package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.io.SafetensorsWriter;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/// Writes a step as a dump.
final class StepWriter {
    private final SafetensorsWriter writer = new SafetensorsWriter();

    /// The truths of a step that a producer writes: no output twice, no gradient that does not exist.
    ///
    /// @param threeCalls whether key and value of cross-space attention are written as two calls of its LayerNorm
    static List<Truth> recorded(RecordedStep step, List<ParameterSpec> specs, List<Truth> truths, boolean threeCalls) {
        Set<String> left = new HashSet<>();
        for (RecordedStep.Output output : step.outputs()) {
            if (output.alias() || !threeCalls && Truths.onlyOfThreeCalls(output.name())) {
                left.add(Family.ACT.of(output.name()));
                left.add(Family.GRADACT.of(output.name()));
            }
        }
        for (ParameterSpec spec : specs) {
            if (step.parameters().get(spec.name()).gradient() == null) {
                left.add(Family.GRAD.of(spec.name()));
            }
        }
        return truths.stream().filter(truth -> !left.contains(truth.name())).toList();
    }

    /// A key of the metadata.
    void metadata(String key, String value) {
        writer.metadata(key, value);
    }

    /// What the step sees.
    ///
    /// @param type of data, noise and times
    void batch(Backend b, Batch batch, ElementType type) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("in.x0", batch.x0());
        tensors.put("in.x1", batch.x1());
        for (int i = 0; i < batch.t().size(); i++) {
            tensors.put("in.t." + i, batch.t().get(i));
        }
        if (batch.z() != null) {
            tensors.put("in.z", batch.z());
        }
        tensors.forEach(
                (name, tensor) -> writer.add(name, type, dims(tensor.shape()), sink -> sink.put(b.download(tensor))));
        double[] labels = b.download(batch.y());
        long[] y = new long[labels.length];
        Arrays.setAll(y, i -> (long) labels[i]);
        writer.add("in.y", ElementType.I64, dims(batch.y().shape()), y);
    }

    /// Something of a parameter's shape.
    void parameter(String name, ParameterSpec spec, ElementType type, Supplier<double[]> values) {
        writer.add(name, type, dims(spec.shape()), sink -> sink.put(values.get()));
    }

    /// A result; a number has the shape (1).
    ///
    /// @param values in the place of the truth's
    void add(Truth truth, ElementType type, Supplier<double[]> values) {
        long[] shape = truth.shape().rank() == 0 ? new long[] {1} : dims(truth.shape());
        writer.add(truth.name(), type, shape, sink -> sink.put(values.get()));
    }

    /// Writes the file.
    void write(Path file) {
        writer.write(file);
    }

    private static long[] dims(Shape shape) {
        return Arrays.stream(shape.dims()).asLongStream().toArray();
    }
}
