package deepflow.oracle;

import deepflow.autograd.Variable;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Puts every output that a dump has in the place of the computed one, and every gradient of an output likewise, so
/// that each operation is replayed from the dump's own inputs: what it gives differs from the dump by that operation's
/// own error, and by nothing that came before.
final class Substitution implements Interception {
    /// Makes a tensor of recorded numbers, whose array it may keep.
    @FunctionalInterface
    interface Upload {
        Tensor of(double[] values, Shape shape, FloatFormat format);
    }

    /// Reads a tensor into an array of as many elements.
    @FunctionalInterface
    interface Reading {
        void read(String name, double[] into);
    }

    private static final Pattern REFINED = Pattern.compile("df_blocks\\.([0-9]+)\\.cross_attention");

    private final Dump dump;
    private final RecordedTypes types;
    private final Backend arrays;
    private final Reading reading;
    private final Upload upload;
    /// What stands in an output's place already: a module that hands it on need not be asked again.
    private final Set<Variable> standIns = new HashSet<>();

    /// @param types that the dump's tensors had
    /// @param arrays has arrays that are idle
    Substitution(Dump dump, RecordedTypes types, Backend arrays, Upload upload) {
        this(dump, types, arrays, (name, into) -> dump.read(name, 0, into.length, into), upload);
    }

    /// @param reading how tensors are read
    Substitution(Dump dump, RecordedTypes types, Backend arrays, Reading reading, Upload upload) {
        this.dump = dump;
        this.types = types;
        this.arrays = arrays;
        this.reading = reading;
        this.upload = upload;
    }

    @Override
    public Variable output(String name, Variable value, boolean alias) {
        if (alias && standIns.contains(value)) {
            return value;
        }
        String values = values(name);
        String gradients = Family.GRADACT.of(recordedAs(name, Family.GRADACT));
        boolean another = !name.equals(recordedAs(name, Family.GRADACT));
        return intercept(values, gradients, value, another);
    }

    /// One LayerNorm call may have served key and value: then both have its output, and its gradient is their sum.
    private String recordedAs(String name, Family family) {
        if (!Truths.onlyOfThreeCalls(name) || dump.has(family.of(name))) {
            return name;
        }
        return name.substring(0, name.indexOf('#')) + "#1";
    }

    @Override
    public Variable prediction(String name, Variable value) {
        return intercept(Family.OUT.of(name), Family.GRADACT.of(name), value, false);
    }

    @Override
    public Variable loss(String name, Variable value) {
        return intercept(Family.LOSS.of(name), Family.GRADACT.of("loss." + name), value, false);
    }

    /// Where a module's output was not recorded, but what it hands to the caller under another name was.
    private String values(String name) {
        String own = Family.ACT.of(recordedAs(name, Family.ACT));
        Matcher refined = REFINED.matcher(name);
        return !dump.has(own) && refined.matches() ? Family.OUT.of("refined." + refined.group(1)) : own;
    }

    /// @param counted whether the recorded gradient already arrives elsewhere
    private Variable intercept(String values, String gradients, Variable computed, boolean counted) {
        Tensor value = recorded(values, computed.shape());
        boolean gradient = types.of(gradients) != null;
        if (value == null && !gradient) {
            return computed;
        }
        Variable standIn = computed.tape().intercept(computed, value == null ? computed.value() : value, dy -> {
            Tensor replacement = recorded(gradients, dy.shape());
            if (replacement == null) {
                return dy;
            }
            return counted ? computed.backend().full(dy.shape(), 0) : replacement;
        });
        standIns.add(standIn);
        return standIn;
    }

    /// The dump's numbers; null if it has none of that name and size, or they are not all finite.
    private @Nullable Tensor recorded(String name, Shape shape) {
        FloatFormat format = types.of(name);
        if (format == null || dump.info(name).elements() != shape.size()) {
            return null;
        }
        double[] values = arrays.array(Math.toIntExact(shape.size()));
        reading.read(name, values);
        return Norm.allFinite(values) ? upload.of(values, shape, format) : null;
    }
}
