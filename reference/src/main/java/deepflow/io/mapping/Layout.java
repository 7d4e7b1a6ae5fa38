package deepflow.io.mapping;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How axes are rearranged, in the notation of einops: `"h w i o -> o i h w"`. Every axis has a name and stands once on
/// either side; `(h e)` is one axis that holds two, the last of which runs fastest; `1` is an axis of one element.
///
/// @param from factors of each axis on the left
/// @param to factors of each axis on the right
/// @param sizes extents that are given, where a group on the left leaves them open
record Layout(List<List<String>> from, List<List<String>> to, Map<String, Integer> sizes) {
    private static final Pattern TOKEN = Pattern.compile("\\s*(?:([a-z][a-z0-9_]*)|(1)|([()]))");

    /// @throws IllegalArgumentException if the text is no such thing; the message is a phrase
    static Layout parse(String text, Map<String, Integer> sizes) {
        String[] sides = text.split("->", -1);
        if (sides.length != 2) {
            throw new IllegalArgumentException("must have one ->, as in \"i o -> o i\"");
        }
        Layout layout = new Layout(side(sides[0]), side(sides[1]), Map.copyOf(sizes));
        Set<String> left = names(layout.from);
        if (!left.equals(names(layout.to))) {
            throw new IllegalArgumentException("must have the same axes on both sides");
        }
        if (!left.containsAll(sizes.keySet())) {
            throw new IllegalArgumentException("has no axis for one of its sizes");
        }
        for (List<String> group : layout.from) {
            if (group.stream().filter(n -> !sizes.containsKey(n)).count() > 1) {
                throw new IllegalArgumentException(
                        "leaves it open how (" + String.join(" ", group) + ") is divided: give \"sizes\"");
            }
        }
        return layout;
    }

    private static List<List<String>> side(String text) {
        List<List<String>> axes = new ArrayList<>();
        List<String> group = null;
        Matcher token = TOKEN.matcher(text.stripTrailing());
        int at = 0;
        while (token.find() && token.start() == at) {
            at = token.end();
            if (token.group(1) != null) {
                if (group == null) {
                    axes.add(List.of(token.group(1)));
                } else {
                    group.add(token.group(1));
                }
            } else if (token.group(2) != null) {
                if (group == null) {
                    axes.add(List.of());
                }
            } else if (token.group(3).equals("(") == (group == null)) {
                if (group != null) {
                    axes.add(List.copyOf(group));
                }
                group = group == null ? new ArrayList<>() : null;
            } else {
                throw new IllegalArgumentException("has a parenthesis too many");
            }
        }
        if (at < text.stripTrailing().length()) {
            throw new IllegalArgumentException("has something that is no axis at \""
                    + text.substring(at).strip() + "\" (names are in lower case)");
        }
        if (group != null) {
            throw new IllegalArgumentException("has a parenthesis too few");
        }
        return List.copyOf(axes);
    }

    private static Set<String> names(List<List<String>> side) {
        Set<String> names = new HashSet<>();
        for (List<String> group : side) {
            for (String name : group) {
                if (!names.add(name)) {
                    throw new IllegalArgumentException("has the axis " + name + " twice on one side");
                }
            }
        }
        return names;
    }

    /// The shape that a tensor of the given one gets.
    ///
    /// @throws IllegalArgumentException if the left side does not fit it; the message is a phrase
    long[] shape(long[] shape) {
        Map<String, Long> extents = extents(shape);
        return to.stream()
                .mapToLong(group -> group.stream().mapToLong(extents::get).reduce(1, Math::multiplyExact))
                .toArray();
    }

    private Map<String, Long> extents(long[] shape) {
        if (shape.length != from.size()) {
            throw new IllegalArgumentException(
                    "has " + from.size() + " axes on its left, the tensor has " + Arrays.toString(shape));
        }
        Map<String, Long> extents = new HashMap<>();
        sizes.forEach((name, size) -> extents.put(name, size.longValue()));
        for (int axis = 0; axis < shape.length; axis++) {
            List<String> group = from.get(axis);
            long known = 1;
            String open = "";
            for (String name : group) {
                Long size = extents.get(name);
                if (size == null) {
                    open = name;
                } else {
                    known *= size; // at most a few sizes of int range: what overflows does not divide the extent
                }
            }
            boolean fits = known > 0 && (open.isEmpty() ? shape[axis] == known : shape[axis] % known == 0);
            if (!fits) {
                throw new IllegalArgumentException(
                        "does not divide axis " + axis + " of the tensor's shape " + Arrays.toString(shape));
            }
            if (!open.isEmpty()) {
                extents.put(open, shape[axis] / known);
            }
        }
        return extents;
    }

    private static int extent(Map<String, Long> extents, String name) {
        return Math.toIntExact(Objects.requireNonNull(extents.get(name)));
    }

    /// The elements in their new order.
    ///
    /// @param values in row-major order of `shape`
    double[] rearrange(double[] values, long[] shape) {
        Map<String, Long> extents = extents(shape);
        Map<String, Integer> strides = new HashMap<>();
        int stride = 1;
        for (List<String> group : from.reversed()) {
            for (String name : group.reversed()) {
                strides.put(name, stride);
                stride *= extent(extents, name);
            }
        }
        List<String> order = to.stream().flatMap(List::stream).toList();
        int[] extent = order.stream().mapToInt(n -> extent(extents, n)).toArray();
        int[] step = order.stream().mapToInt(strides::get).toArray();
        double[] result = new double[values.length];
        int[] index = new int[extent.length];
        int at = 0;
        for (int i = 0; i < result.length; i++) {
            result[i] = values[at];
            for (int d = extent.length - 1; d >= 0; d--) {
                at += step[d];
                if (++index[d] < extent[d]) {
                    break;
                }
                at -= step[d] * extent[d];
                index[d] = 0;
            }
        }
        return result;
    }
}
