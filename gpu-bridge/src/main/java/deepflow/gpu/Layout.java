package deepflow.gpu;

import deepflow.tensor.Shape;
import java.util.Arrays;

/// How a tensor is read in the order of another: for each axis of what is written, outermost first, its extent
/// and how many elements a step on it goes in what is read. Axes of extent 1 are dropped, and neighbours that
/// one step describes are merged, so that most layouts have one or two.
///
/// @param extents of what is written
/// @param strides in what is read; 0 where an element is read again
record Layout(long[] extents, long[] strides) {
    /// As many as `struct Layout` in `common.cu` has.
    private static final int MOST_AXES = 16;

    /// `small`, broadcast to `large`.
    static Layout broadcast(Shape small, Shape large) {
        long[] strides = new long[large.rank()];
        long stride = 1;
        for (int axis = large.rank() - 1; axis >= 0; axis--) {
            strides[axis] = small.dim(axis) == 1 ? 0 : stride;
            stride *= small.dim(axis);
        }
        return merged(large, strides);
    }

    /// `x`, its axes in a new order.
    static Layout permutation(Shape x, Shape permuted, int... axes) {
        long[] strides = new long[axes.length];
        for (int i = 0; i < axes.length; i++) {
            long stride = 1;
            for (int inner = axes[i] + 1; inner < x.rank(); inner++) {
                stride *= x.dim(inner);
            }
            strides[i] = stride;
        }
        return merged(permuted, strides);
    }

    private static Layout merged(Shape written, long[] strides) {
        long[] extents = new long[strides.length];
        long[] steps = new long[strides.length];
        int n = 0;
        for (int axis = 0; axis < strides.length; axis++) {
            int extent = written.dim(axis);
            if (extent == 1) {
                continue;
            }
            if (n > 0 && steps[n - 1] == strides[axis] * extent) {
                extents[n - 1] *= extent;
                steps[n - 1] = strides[axis];
            } else {
                extents[n] = extent;
                steps[n++] = strides[axis];
            }
        }
        if (n > MOST_AXES) {
            throw new IllegalArgumentException("device cuda broadcasts and permutes at most " + MOST_AXES
                    + " axes that cannot be merged, got " + n + " of shape " + written);
        }
        return new Layout(Arrays.copyOf(extents, n), Arrays.copyOf(steps, n));
    }

    /// The fields of `struct Layout`.
    long[] fields() {
        long[] fields = new long[1 + 2 * MOST_AXES];
        fields[0] = extents.length;
        System.arraycopy(extents, 0, fields, 1, extents.length);
        System.arraycopy(strides, 0, fields, 1 + MOST_AXES, strides.length);
        return fields;
    }
}
