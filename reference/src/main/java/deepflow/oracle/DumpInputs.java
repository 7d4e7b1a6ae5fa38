package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.TensorInfo;
import deepflow.model.ModelConfig;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import deepflow.train.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Brings a dump's weights and inputs onto a back end, after checking that they are all there, fit the configuration
/// and are finite. What is wrong here is bad input, not a wrong number: every error is a [FormatException].
final class DumpInputs {
    private final Dump dump;
    private final Backend backend;
    private final ModelConfig config;

    DumpInputs(Dump dump, Backend backend) {
        this.dump = dump;
        this.backend = backend;
        this.config = dump.metadata().config();
    }

    /// Checks names, types and shapes of weights and inputs, without reading their elements.
    static void check(Dump dump, List<ParameterSpec> specs) {
        Map<String, Shape> expected = new LinkedHashMap<>();
        ModelConfig c = dump.metadata().config();
        int n = batchSize(dump);
        expected.put("in.x0", Shape.of(n, c.channels(), c.size(), c.size()));
        expected.put("in.x1", Shape.of(n, c.channels(), c.size(), c.size()));
        expected.put("in.y", Shape.of(n));
        for (int i = 0; i < c.k(); i++) {
            expected.put("in.t." + i, Shape.of(n));
        }
        if (aligned(dump)) {
            expected.put("in.z", Shape.of(n, c.tokens(), c.sslDim()));
        }
        specs.forEach(s -> expected.put(Family.WEIGHT.of(s.name()), s.shape()));

        Set<String> unknown = new HashSet<>(dump.names());
        unknown.removeIf(name -> !name.startsWith(Family.IN.prefix()) && !name.startsWith(Family.WEIGHT.prefix()));
        unknown.removeAll(expected.keySet());
        List<String> missing =
                expected.keySet().stream().filter(name -> !dump.has(name)).toList();
        if (!missing.isEmpty() || !unknown.isEmpty()) {
            throw new FormatException(dump.path() + ": inputs and weights do not fit the config: "
                    + listed("missing", missing) + (missing.isEmpty() || unknown.isEmpty() ? "" : "; ")
                    + listed("unexpected", unknown.stream().sorted().toList()) + ".");
        }
        expected.forEach((name, shape) -> {
            if (!dump.hasShape(name, shape)) {
                throw new FormatException(dump.path() + ": tensor " + name + " has shape "
                        + Arrays.toString(dump.info(name).shape()) + ", the config needs " + shape + ".");
            }
            boolean index = name.equals("in.y");
            ElementType type = dump.info(name).type();
            if (index ? type != ElementType.I64 && type != ElementType.I32 : !type.isFloating()) {
                throw new FormatException(dump.path() + ": tensor " + name + " has type " + type + ", expected "
                        + (index ? "I64 or I32" : "F64, F32, F16 or BF16") + ".");
            }
        });
    }

    /// Whether the step has the SSL loss. A model may have projectors that its step does not use.
    private static boolean aligned(Dump dump) {
        ModelConfig c = dump.metadata().config();
        return c.sslDim() > 0 && c.k() > 1 && (dump.has("in.z") || dump.has("loss.ssl"));
    }

    private static String listed(String what, List<String> names) {
        if (names.isEmpty()) {
            return "";
        }
        String some = names.stream()
                .limit(5)
                .map(n -> n.length() <= 80 ? n : n.substring(0, 80) + "…")
                .collect(Collectors.joining(", "));
        return what + " " + some + (names.size() <= 5 ? "" : " and " + (names.size() - 5) + " more");
    }

    /// N, from the data's shape.
    private static int batchSize(Dump dump) {
        TensorInfo x0 = dump.info("in.x0");
        long[] dims = x0.shape();
        if (dims.length != 4 || dims[0] < 1 || dims[0] > 1 << 20) {
            throw new FormatException(dump.path() + ": tensor in.x0 has shape " + Arrays.toString(dims)
                    + ", expected (N, C, H, W) with at least one sample.");
        }
        return (int) dims[0];
    }

    /// Values of all parameters by name.
    ///
    /// @param threads share the reading
    Map<String, Tensor> weights(List<ParameterSpec> specs, Threads threads) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (ParameterSpec spec : specs) {
            String name = Family.WEIGHT.of(spec.name());
            weights.put(spec.name(), backend.adopt(finite(name, dump.read(name, threads)), spec.shape()));
        }
        return weights;
    }

    /// The batch.
    Batch batch() {
        int n = batchSize(dump);
        Shape image = Shape.of(n, config.channels(), config.size(), config.size());
        List<Tensor> t = new ArrayList<>();
        for (int i = 0; i < config.k(); i++) {
            t.add(time("in.t." + i, n));
        }
        Tensor z = aligned(dump) ? upload("in.z", Shape.of(n, config.tokens(), config.sslDim())) : null;
        return new Batch(upload("in.x0", image), upload("in.x1", image), t, labels(n), z);
    }

    /// A finite floating tensor of the dump.
    Tensor upload(String name, Shape shape) {
        return backend.adopt(finite(name), shape);
    }

    /// A second moment: finite, and not negative.
    Tensor secondMoment(String name, Shape shape) {
        double[] values = finite(name);
        for (double v : values) {
            if (v < 0) {
                throw new FormatException(
                        dump.path() + ": tensor " + name + " holds " + v + ", second moments are not negative.");
            }
        }
        return backend.adopt(values, shape);
    }

    private double[] finite(String name) {
        return finite(name, dump.read(name));
    }

    private double[] finite(String name, double[] values) {
        boolean single = backend.dtype() == DType.F32;
        if (!single && Norm.allFinite(values)) {
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            if (single && Double.isFinite(values[i]) && !Float.isFinite((float) values[i])) {
                throw new FormatException(dump.path() + ": tensor " + name + " holds " + values[i] + " at element " + i
                        + ", too large for float32: use --compute f64.");
            }
            if (!Double.isFinite(values[i])) {
                throw new FormatException(dump.path() + ": tensor " + name + " holds " + values[i] + " at element " + i
                        + "; inputs, weights and optimizer state must be finite.");
            }
        }
        return values;
    }

    private Tensor time(String name, int n) {
        double[] t = finite(name);
        for (double v : t) {
            if (v < 0 || v > 1) {
                throw new FormatException(dump.path() + ": tensor " + name + " holds " + v + ", times lie in [0, 1].");
            }
        }
        return backend.adopt(t, Shape.of(n));
    }

    private Tensor labels(int n) {
        long[] y = dump.readLongs("in.y");
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            if (y[i] < 0 || y[i] > config.classes()) {
                throw new FormatException(dump.path() + ": tensor in.y holds the label " + y[i]
                        + ", labels go from 0 to " + config.classes() + " (the null class).");
            }
            labels[i] = (int) y[i];
        }
        return backend.uploadIndices(labels, Shape.of(n));
    }
}
