package deepflow.cpu;

import deepflow.tensor.Shape;
import java.util.Arrays;

/// How a small shape lies in a large one it broadcasts to, with neighbouring axes of the same kind merged and axes
/// of extent 1 dropped: the rank no longer matters, kinds alternate.
///
/// @param extents of the merged axes, outermost first; of the large shape
/// @param shared whether an axis is in both shapes (true) or broadcast, hence summed over on the way back (false)
record Pattern(int[] extents, boolean[] shared) {
    static Pattern of(Shape small, Shape large) {
        int[] extents = new int[large.rank()];
        boolean[] shared = new boolean[large.rank()];
        int n = 0;
        for (int axis = 0; axis < large.rank(); axis++) {
            int d = large.dim(axis);
            boolean both = small.dim(axis) == d;
            if (d == 1) {
                continue;
            }
            if (n > 0 && shared[n - 1] == both) {
                extents[n - 1] *= d;
            } else {
                extents[n] = d;
                shared[n++] = both;
            }
        }
        return new Pattern(Arrays.copyOf(extents, n), Arrays.copyOf(shared, n));
    }

    /// Number of merged axes.
    int rank() {
        return extents.length;
    }

    /// Whether the innermost merged axis is in both shapes; true if there is none.
    boolean sharedInside() {
        return rank() == 0 || shared[rank() - 1];
    }

    /// Extent of the innermost merged axis; 1 if there is none.
    int inner() {
        return rank() == 0 ? 1 : extents[rank() - 1];
    }

    /// Product of all extents but the innermost.
    int outer() {
        int p = 1;
        for (int i = 0; i < rank() - 1; i++) {
            p *= extents[i];
        }
        return p;
    }

    /// Offset in the small tensor of the innermost axis at outer position `index`, counted row-major.
    int offset(int index) {
        int rest = index;
        int stride = sharedInside() ? inner() : 1;
        int offset = 0;
        for (int i = rank() - 2; i >= 0; i--) {
            if (shared[i]) {
                offset += rest % extents[i] * stride;
                stride *= extents[i];
            }
            rest /= extents[i];
        }
        return offset;
    }
}
