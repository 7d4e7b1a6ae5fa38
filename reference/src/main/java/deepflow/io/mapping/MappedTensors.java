package deepflow.io.mapping;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.TensorInfo;
import deepflow.io.TensorSource;
import deepflow.io.Text;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The tensors of another source in our names and layouts, as a [TensorMap] says. Elements are rearranged when they are
/// asked for, as doubles, the last tensor is kept; those that are only renamed are read straight from the source.
public final class MappedTensors implements TensorSource {
    private static final int LONGEST = 4096;

    /// A tensor of ours.
    ///
    /// @param from names in the file, in the order in which they are joined
    /// @param part which one of those that the file's tensor is split into
    private record Made(
            TensorInfo info, List<String> from, @Nullable Rule rule, int part) {
        boolean renamed() {
            return rule == null || rule.renamesOnly();
        }
    }

    private final TensorSource source;
    private final TensorMap map;
    private final Map<String, String> metadata;
    private final Map<String, Made> tensors = new LinkedHashMap<>();

    private String lastName = "";
    private double @Nullable [] last;

    MappedTensors(TensorSource source, TensorMap map) {
        this.source = source;
        this.map = map;
        this.metadata = new TreeMap<>(source.metadata());
        map.metadata().forEach((key, value) -> {
            if (!metadata.getOrDefault(key, value).equals(value)) {
                throw new FormatException(Text.path(map.file()) + ": the metadata key " + Text.quote(key)
                        + " is another one in " + Text.path(source.path()) + ".");
            }
            metadata.put(key, value);
        });
        // after renaming, the names by which rules know them
        Map<String, String> known = new LinkedHashMap<>();
        for (String name : source.names()) {
            String renamed = renamed(name);
            String before = known.put(renamed, name);
            if (before != null) {
                throw twice(before, name, renamed);
            }
        }
        Set<String> joined = new HashSet<>();
        known.forEach((renamed, name) -> apply(known, joined, renamed, name));
    }

    private String renamed(String name) {
        String result = name;
        for (TensorMap.Rename rename : map.renames()) {
            try {
                result = rename.from().replace(result, rename.to());
            } catch (IllegalArgumentException e) {
                throw bad(rename.from() + " " + e.getMessage(), name);
            }
            if (result.length() > LONGEST) {
                throw bad("the renamed name has more than " + LONGEST + " characters", name);
            }
        }
        return bare(result);
    }

    private void apply(Map<String, String> known, Set<String> joined, String renamed, String name) {
        if (joined.contains(renamed)) {
            return;
        }
        for (Rule rule : map.rules()) {
            for (NamePattern pattern : rule.from()) {
                Map<String, String> held = pattern.match(renamed);
                if (held != null) {
                    make(known, joined, rule, held, name);
                    return;
                }
            }
        }
        TensorInfo info = source.info(name);
        add(renamed, info.type(), info.shape(), List.of(name), null, 0);
    }

    private void make(Map<String, String> known, Set<String> joined, Rule rule, Map<String, String> held, String name) {
        if (rule.to().isEmpty()) {
            return;
        }
        List<String> from = new ArrayList<>();
        for (NamePattern pattern : rule.from()) {
            String part = pattern.fill(held);
            String inFile = known.get(part);
            if (inFile == null) {
                throw bad("it is to be joined with " + Text.quote(part) + ", which the file lacks", name);
            }
            if (from.contains(inFile)) {
                throw bad("it would be joined with itself", name);
            }
            joined.add(part);
            from.add(inFile);
        }
        long[] shape;
        ElementType type = source.info(from.getFirst()).type();
        try {
            shape = shape(rule, from, type);
            for (int part = 0; part < rule.to().size(); part++) {
                add(rule.to().get(part).fill(held), type, shape, from, rule, part);
            }
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw bad("the rule for " + rule.from().getFirst() + " " + e.getMessage(), name);
        }
    }

    private long[] shape(Rule rule, List<String> from, ElementType type) {
        long[] all = new long[0];
        for (String name : from) {
            TensorInfo info = source.info(name);
            if (info.type() != type) {
                throw new IllegalArgumentException("joins " + type + " and " + info.type());
            }
            if (rule.factor() != 1 && !type.isFloating()) {
                throw new IllegalArgumentException("multiplies integers");
            }
            long[] one = rule.layout() == null ? info.shape() : rule.layout().shape(info.shape());
            all = name.equals(from.getFirst()) ? one : joined(all, one, rule);
        }
        int parts = rule.to().size();
        if (parts > 1) {
            int axis = axis(rule, all);
            if (all[axis] % parts != 0) {
                throw new IllegalArgumentException(
                        "does not divide axis " + axis + " of " + Arrays.toString(all) + " into " + parts);
            }
            all[axis] /= parts;
        }
        return all;
    }

    private static long[] joined(long[] all, long[] one, Rule rule) {
        int axis = axis(rule, all);
        long[] sum = all.clone();
        long[] rest = one.clone();
        if (one.length == all.length) {
            sum[axis] = Math.addExact(all[axis], one[axis]);
            rest[axis] = sum[axis];
        }
        if (!Arrays.equals(sum, rest)) {
            throw new IllegalArgumentException("cannot join " + Arrays.toString(all) + " and " + Arrays.toString(one)
                    + " along axis " + rule.axis());
        }
        return sum;
    }

    private static int axis(Rule rule, long[] shape) {
        int axis = rule.axis() < 0 ? rule.axis() + shape.length : rule.axis();
        if (axis < 0 || axis >= shape.length) {
            throw new IllegalArgumentException(
                    "names axis " + rule.axis() + " of a tensor of shape " + Arrays.toString(shape));
        }
        return axis;
    }

    private void add(String name, ElementType type, long[] shape, List<String> from, @Nullable Rule rule, int part) {
        String ours = bare(name);
        if (ours.length() > LONGEST) {
            throw bad("its new name has more than " + LONGEST + " characters", from.getFirst());
        }
        long bytes = type.width();
        for (long extent : shape) {
            bytes = Math.multiplyExact(bytes, extent);
        }
        TensorInfo info = new TensorInfo(ours, type, shape, 0, bytes);
        Made before = tensors.put(ours, new Made(info, from, rule, part));
        if (before != null) {
            throw twice(before.from().getFirst(), from.getFirst(), ours);
        }
    }

    /// The first call of a module has no number.
    private static String bare(String name) {
        return name.endsWith("#0") ? name.substring(0, name.length() - 2) : name;
    }

    private FormatException twice(String one, String other, String name) {
        return new FormatException(Text.path(source.path()) + ": " + Text.quote(one) + " and " + Text.quote(other)
                + " are both " + Text.quote(name) + " by " + Text.path(map.file()) + ".");
    }

    private FormatException bad(String problem, String name) {
        return new FormatException(Text.path(source.path()) + ": the tensor " + Text.quote(name)
                + " cannot be mapped by " + Text.path(map.file()) + ": " + problem + ".");
    }

    private Made made(String name) {
        Made made = tensors.get(name);
        if (made == null) {
            throw new FormatException(Text.path(source.path()) + " has no tensor " + Text.quote(name) + " by "
                    + Text.path(map.file()) + ".");
        }
        return made;
    }

    /// What a tensor of ours is called in the file; several names where it was joined.
    public List<String> foreign(String name) {
        return made(name).from();
    }

    private synchronized double[] elements(String name) {
        if (last == null || !lastName.equals(name)) {
            last = null;
            last = compute(made(name));
            lastName = name;
        }
        return last;
    }

    private double[] compute(Made made) {
        Rule rule = Objects.requireNonNull(made.rule());
        List<double[]> parts = new ArrayList<>();
        long[] whole = new long[0];
        int total = 0;
        for (String name : made.from()) {
            double[] values = source.readDoubles(name);
            long[] shape = source.info(name).shape();
            parts.add(rule.layout() == null ? values : rule.layout().rearrange(values, shape));
            whole = rule.layout() == null ? shape : rule.layout().shape(shape);
            total = Math.addExact(total, values.length);
        }
        double[] result = parts.getFirst();
        long elements = made.info().elements();
        if (parts.size() > 1 || elements != total) {
            // what lies before the axis is a number of rows, in which each part has its piece
            int axis = axis(rule, whole);
            int rows = 1;
            for (int d = 0; d < axis; d++) {
                rows *= (int) whole[d];
            }
            result = parts.size() > 1 ? join(parts, rows, total) : split(result, rows, made.part(), (int) elements);
        }
        if (rule.factor() != 1) {
            for (int i = 0; i < result.length; i++) {
                result[i] *= rule.factor();
            }
        }
        return result;
    }

    private static double[] join(List<double[]> parts, int rows, int total) {
        double[] all = new double[total];
        int at = 0;
        for (int row = 0; row < rows; row++) {
            for (double[] part : parts) {
                int n = part.length / rows;
                System.arraycopy(part, row * n, all, at, n);
                at += n;
            }
        }
        return all;
    }

    private static double[] split(double[] all, int rows, int part, int elements) {
        double[] one = new double[elements];
        if (elements > 0) {
            int n = elements / rows;
            int stride = all.length / rows;
            for (int row = 0; row < rows; row++) {
                System.arraycopy(all, row * stride + part * n, one, row * n, n);
            }
        }
        return one;
    }

    @Override
    public Path path() {
        return source.path();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        return made(name).info();
    }

    @Override
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    @Override
    public void readDoubles(String name, long from, double[] into, int at, int count) {
        Made made = made(name);
        if (made.renamed()) {
            source.readDoubles(made.from().getFirst(), from, into, at, count);
        } else {
            Objects.checkFromIndexSize(from, count, made.info().elements());
            System.arraycopy(elements(name), (int) from, into, at, count);
        }
    }

    @Override
    public void readFloats(String name, long from, float[] into, int at, int count) {
        double[] values = new double[count];
        readDoubles(name, from, values, 0, count);
        for (int i = 0; i < count; i++) {
            into[at + i] = (float) values[i];
        }
    }

    /// @throws FormatException for a floating type, and for a rearranged integer beyond ±2⁵³
    @Override
    public void readLongs(String name, long from, long[] into, int at, int count) {
        Made made = made(name);
        if (made.renamed()) {
            source.readLongs(made.from().getFirst(), from, into, at, count);
            return;
        }
        if (made.info().type().isFloating()) {
            throw bad(
                    "it has type " + made.info().type() + ", which is no integer type",
                    made.from().getFirst());
        }
        Objects.checkFromIndexSize(from, count, made.info().elements());
        double[] values = elements(name);
        for (int i = 0; i < count; i++) {
            double value = values[(int) from + i];
            if (Math.abs(value) > 1L << 53) {
                throw bad("it holds an integer beyond 2^53", made.from().getFirst());
            }
            into[at + i] = (long) value;
        }
    }

    /// @throws FormatException for a tensor that is more than renamed: its bytes are in no file
    @Override
    public void readBytes(String name, long from, ByteBuffer into) {
        Made made = made(name);
        if (!made.renamed()) {
            throw bad(
                    "its bytes are in no file once it is rearranged",
                    made.from().getFirst());
        }
        source.readBytes(made.from().getFirst(), from, into);
    }

    @Override
    public void close() {
        source.close();
    }
}
