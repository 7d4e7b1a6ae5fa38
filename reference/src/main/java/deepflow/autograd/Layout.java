package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Operations that move elements without changing them, and their derivatives.
public final class Layout {
    private Layout() {}

    /// The same elements, in the same order, under another shape.
    public static Variable reshape(Variable x, Shape to) {
        if (x.shape().equals(to)) {
            return x;
        }
        return x.tape()
                .record(
                        x.value().reshape(to),
                        dy -> x.accumulate(() -> dy.reshape(x.shape())), // y = x, regrouped
                        x);
    }

    /// [#reshape(Variable, Shape)].
    public static Variable reshape(Variable x, int... dims) {
        return reshape(x, Shape.of(dims));
    }

    /// Axes in a new order: extent i of the result is extent `axes[i]` of `x`.
    public static Variable permute(Variable x, int... axes) {
        Backend b = x.backend();
        int[] inverse = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            inverse[axes[i]] = i;
        }
        return x.tape()
                .record(
                        b.permute(x.value(), axes),
                        dy -> x.accumulate(() -> b.permute(dy, inverse)), // y = x, axes reordered
                        x);
    }

    /// The parts side by side along an axis.
    public static Variable concat(int axis, Variable... parts) {
        Backend b = parts[0].backend();
        int a = parts[0].shape().axis(axis);
        List<Tensor> values = new ArrayList<>();
        for (Variable part : parts) {
            values.add(part.value());
        }
        return parts[0].tape()
                .record(
                        b.concat(a, values),
                        dy -> { // y = (x₀ | x₁ | …): each part takes its own piece of dy
                            int from = 0;
                            for (Variable part : parts) {
                                int start = from;
                                int end = from + part.shape().dim(a);
                                part.accumulate(() -> b.slice(dy, a, start, end));
                                from = end;
                            }
                        },
                        parts);
    }

    /// Cuts an axis into `parts` equal pieces.
    ///
    /// @throws IllegalArgumentException if the extent is not divisible by `parts`
    public static List<Variable> split(Variable x, int axis, int parts) {
        int extent = x.shape().dim(axis);
        if (extent % parts != 0) {
            throw new IllegalArgumentException(
                    "axis " + axis + " of shape " + x.shape() + " cannot be cut into " + parts + " equal parts");
        }
        int[] sizes = new int[parts];
        Arrays.fill(sizes, extent / parts);
        return split(x, axis, sizes);
    }

    /// Cuts an axis into pieces of these sizes, which add up to its extent.
    public static List<Variable> split(Variable x, int axis, int[] sizes) {
        Backend b = x.backend();
        int a = x.shape().axis(axis);
        List<Tensor> pieces = new ArrayList<>();
        List<Shape> shapes = new ArrayList<>();
        int from = 0;
        for (int size : sizes) {
            pieces.add(b.slice(x.value(), a, from, from + size));
            shapes.add(x.shape().with(a, size));
            from += size;
        }
        return x.tape()
                .record(
                        pieces,
                        dys -> x.accumulate(
                                () -> { // (y₀ | y₁ | …) = x: the pieces' gradients, side by side
                                    List<Tensor> whole = new ArrayList<>();
                                    for (int i = 0; i < dys.size(); i++) {
                                        Tensor dy = dys.get(i);
                                        whole.add(dy != null ? dy : b.full(shapes.get(i), 0));
                                    }
                                    return b.concat(a, whole);
                                }),
                        x);
    }

    /// Rows of a table.
    ///
    /// @param table (V, D)
    /// @param indices (N), I32
    /// @return (N, D)
    public static Variable gather(Variable table, Tensor indices) {
        Backend b = table.backend();
        return table.tape()
                .record(
                        b.gather(table.value(), indices),
                        dy -> table.accumulate(() ->
                                b.gatherBackward(dy, indices, table.shape().dim(0))), // y[n] = table[indices[n]]
                        table);
    }
}
