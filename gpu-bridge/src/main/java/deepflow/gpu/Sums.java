package deepflow.gpu;

import deepflow.gpu.device.DeviceMemory.Block;
import deepflow.gpu.device.Kernels;
import deepflow.tensor.Arguments;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Sums over axes and over everything: `sums.cu`.
///
/// **Definition**: neighbouring axes that are both summed over, or both kept, count as one; axes are summed
/// away one after the other, innermost first. A sum over the innermost axis of all is taken in pieces of
/// [#ROW], each by a block of threads; one further out in pieces of [#COLUMN], each from its first element to
/// its last; the pieces' sums are summed by the same rule.
final class Sums {
    /// Elements of a piece of a row.
    static final int ROW = 1 << 15;

    /// Elements of a piece of a column.
    static final int COLUMN = 256;

    private static final String FILE = "sums";

    private final Tensors tensors;
    private final Kernels kernels;
    private final Layouts layouts;
    private final Pointwise pointwise;

    Sums(Tensors tensors, Kernels kernels, Layouts layouts, Pointwise pointwise) {
        this.tensors = tensors;
        this.kernels = kernels;
        this.layouts = layouts;
        this.pointwise = pointwise;
    }

    private static long pieces(long n, int length) {
        return (n + length - 1) / length;
    }

    Tensor sumTo(Tensor x, Shape to) {
        Arguments.floating("sumTo", tensors.type(), x);
        Arguments.sumTo(x.shape(), to);
        if (x.size() == 0) {
            return pointwise.full(to, 0);
        }
        long values = tensors.address(x);
        Block sums = null;
        long inner = 1;
        int axis = x.shape().rank() - 1;
        while (axis >= 0) {
            boolean kept = x.shape().dim(axis) == to.dim(axis);
            long n = 1;
            for (; axis >= 0 && (x.shape().dim(axis) == 1 || (x.shape().dim(axis) == to.dim(axis)) == kept); axis--) {
                n *= x.shape().dim(axis);
            }
            if (kept) {
                inner *= n;
            } else {
                long outer = 1;
                for (int i = 0; i <= axis; i++) {
                    outer *= x.shape().dim(i);
                }
                sums = over(values, sums, outer, n, inner);
                values = sums.address();
            }
        }
        return sums == null ? layouts.copy(x) : tensors.wrap(to, sums);
    }

    /// (outer, n, inner) → (outer, inner), n ≥ 1.
    ///
    /// @param x address of what is summed
    /// @param owned the memory there, if it is scratch: it is given back
    Block over(long x, @Nullable Block owned, long outer, long n, long inner) {
        int length = inner == 1 ? ROW : COLUMN;
        long pieces = pieces(n, length);
        Block out = tensors.scratch(outer * pieces * inner);
        if (inner == 1) {
            kernels.launch(FILE, "sumRows")
                    .pointer(x)
                    .pointer(out.address())
                    .size(outer)
                    .size(n)
                    .size(length)
                    .size(pieces)
                    .forRows(outer * pieces, Rows.threads(Math.min(n, length)));
        } else {
            kernels.launch(FILE, "sumColumns")
                    .pointer(x)
                    .pointer(out.address())
                    .size(outer)
                    .size(n)
                    .size(inner)
                    .size(length)
                    .size(pieces)
                    .forElements(outer * pieces * inner);
        }
        if (owned != null) {
            tensors.give(owned);
        }
        return pieces == 1 ? out : over(out.address(), out, outer, pieces, inner);
    }

    Tensor sumOfSquares(Tensor x) {
        Arguments.floating("sumOfSquares", tensors.type(), x);
        if (x.size() == 0) {
            return pointwise.full(Shape.SCALAR, 0);
        }
        long pieces = pieces(x.size(), ROW);
        long from = tensors.address(x);
        Block squares = tensors.scratch(pieces);
        kernels.launch(FILE, "sumSquares")
                .pointer(from)
                .pointer(squares.address())
                .size(x.size())
                .size(ROW)
                .size(pieces)
                .forRows(pieces, Rows.threads(Math.min(x.size(), ROW)));
        return tensors.wrap(Shape.SCALAR, pieces == 1 ? squares : over(squares.address(), squares, 1, pieces, 1));
    }

    Tensor countNonFinite(Tensor x) {
        Arguments.floating("countNonFinite", tensors.type(), x);
        long pieces = pieces(x.size(), ROW);
        long from = tensors.address(x);
        Tensor out = tensors.create(Shape.SCALAR);
        Block counts = tensors.scratchBytes(pieces * Long.BYTES);
        kernels.launch(FILE, "countPieces")
                .pointer(from)
                .pointer(counts.address())
                .size(x.size())
                .size(ROW)
                .size(pieces)
                .forRows(pieces, Rows.threads(Math.min(x.size(), ROW)));
        kernels.launch(FILE, "countAll")
                .pointer(counts.address())
                .pointer(tensors.address(out))
                .size(pieces)
                .forRows(1, Rows.threads(pieces));
        tensors.give(counts);
        return out;
    }
}
