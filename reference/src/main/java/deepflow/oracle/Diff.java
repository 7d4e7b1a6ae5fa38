package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.TensorInfo;
import deepflow.io.TensorSource;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Two files tensor by tensor, dumps or weights, without running a model.
///
/// @param entries every tensor that is not equal in both, by name
/// @param metadata keys whose texts differ
/// @param compared how many tensors are in both
public record Diff(List<Entry> entries, List<String> metadata, int compared) {
    /// Numbers are compared in pieces of this many, so that a large tensor need not fit in memory twice.
    private static final int PIECE = 1 << 20;

    private static final Set<ElementType> WIDE = EnumSet.of(ElementType.I64, ElementType.U64);

    /// How a tensor differs.
    public enum Kind {
        /// Only in the first file.
        ONLY_A,
        /// Only in the second file.
        ONLY_B,
        /// In both, with different shapes.
        SHAPE,
        /// In both, of different element types, with equal values.
        TYPE,
        /// In both, with different values.
        VALUES
    }

    /// One tensor that differs.
    ///
    /// @param name its name
    /// @param kind how it differs
    /// @param relative ‖a − b‖/‖a‖; absolute where a is 0; NaN where values were not compared
    /// @param largest largest |a − b|; NaN where values were not compared
    /// @param count how many elements differ
    /// @param detail types or shapes, where they differ
    public record Entry(String name, Kind kind, double relative, double largest, long count, String detail) {}

    /// Whether no tensor differs. Metadata are listed and do not count: the producer's name is among them.
    public boolean empty() {
        return entries.isEmpty();
    }

    /// Compares two files; NaN equals NaN, and 0 equals −0.
    ///
    /// @throws FormatException if one of them cannot be read
    public static Diff of(Path first, Path second) {
        try (TensorSource a = TensorSource.open(first);
                TensorSource b = TensorSource.open(second)) {
            List<Entry> entries = new ArrayList<>();
            TreeSet<String> names = new TreeSet<>(a.names());
            names.addAll(b.names());
            int compared = 0;
            for (String name : names) {
                if (!b.contains(name)) {
                    entries.add(uncompared(name, Kind.ONLY_A, described(a.info(name))));
                } else if (!a.contains(name)) {
                    entries.add(uncompared(name, Kind.ONLY_B, described(b.info(name))));
                } else {
                    compared++;
                    compare(a, b, name, entries);
                }
            }
            return new Diff(entries, metadata(a.metadata(), b.metadata()), compared);
        }
    }

    private static List<String> metadata(Map<String, String> a, Map<String, String> b) {
        Map<String, String> all = new TreeMap<>(a);
        all.putAll(b);
        return all.keySet().stream()
                .filter(key -> !Objects.equals(a.get(key), b.get(key)))
                .toList();
    }

    private static String described(TensorInfo info) {
        return info.type() + " " + Arrays.toString(info.shape());
    }

    private static Entry uncompared(String name, Kind kind, String detail) {
        return new Entry(name, kind, Double.NaN, Double.NaN, 0, detail);
    }

    private static void compare(TensorSource a, TensorSource b, String name, List<Entry> entries) {
        TensorInfo ia = a.info(name);
        TensorInfo ib = b.info(name);
        if (!Arrays.equals(ia.shape(), ib.shape())) {
            entries.add(
                    uncompared(name, Kind.SHAPE, Arrays.toString(ia.shape()) + " and " + Arrays.toString(ib.shape())));
            return;
        }
        Norm error = Norm.ZERO;
        Norm size = Norm.ZERO;
        double largest = 0;
        long count = 0;
        for (long from = 0; from < ia.elements(); from += PIECE) {
            int n = (int) Math.min(PIECE, ia.elements() - from);
            double[] x = new double[n];
            double[] y = new double[n];
            a.readDoubles(name, from, x, 0, n);
            b.readDoubles(name, from, y, 0, n);
            count += different(x, y);
            Errors e = Errors.between(y, x, Norm.ZERO);
            error = error.and(e.error());
            size = size.and(e.size());
            largest = Math.max(largest, e.largest()); // NaN stays
        }
        if (count == 0 && ia.type() == ib.type() && WIDE.contains(ia.type())) {
            count = differentLongs(a, b, name);
        }
        if (count > 0) {
            double relative = Double.isFinite(largest) ? error.over(size) : largest;
            entries.add(new Entry(name, Kind.VALUES, relative, largest, count, ""));
        } else if (ia.type() != ib.type()) {
            entries.add(uncompared(name, Kind.TYPE, ia.type() + " and " + ib.type()));
        }
    }

    private static long different(double[] x, double[] y) {
        long count = 0;
        for (int i = 0; i < x.length; i++) {
            if (x[i] != y[i] && !(Double.isNaN(x[i]) && Double.isNaN(y[i]))) {
                count++;
            }
        }
        return count;
    }

    /// Integers beyond 2⁵³ may differ and be the same double.
    private static long differentLongs(TensorSource a, TensorSource b, String name) {
        long count = 0;
        long bytes = a.info(name).elements() * Long.BYTES;
        for (long from = 0; from < bytes; from += PIECE) {
            ByteBuffer x = ByteBuffer.allocate((int) Math.min(PIECE, bytes - from));
            ByteBuffer y = ByteBuffer.allocate(x.capacity());
            a.readBytes(name, from, x);
            b.readBytes(name, from, y);
            for (int i = 0; i < x.capacity(); i += Long.BYTES) {
                if (x.getLong(i) != y.getLong(i)) {
                    count++;
                }
            }
        }
        return count;
    }
}
