package deepflow.oracle.zoo;

import deepflow.model.ModelConfig;
import deepflow.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Right numbers that did not arrive: what a dump, or the next operation, finds in a tensor's memory.
final class BufferBugs {
    static final List<Bug> ALL = List.of(
            bug(
                    "zeros",
                    "The tensor is zero everywhere: it was never written, or cleared before it was read.",
                    "who writes the buffer, and when",
                    "act\\.blocks\\.0\\.mlp\\.fc1",
                    c -> true,
                    (tensor, right) -> List.of(new double[right.length])),
            bug(
                    "stale-buffer",
                    "The tensor holds another one's numbers: a buffer is reused before it was written, or a pointer is one"
                            + " call behind.",
                    "which buffer the operation writes",
                    "act\\.blocks\\.1\\.attn\\.qkv",
                    c -> c.depth() > 1,
                    (tensor, right) -> tensor.before()),
            bug(
                    "transposed",
                    "The tensor's last two axes are swapped: column-major memory is read as row-major.",
                    "leading dimensions and transposition flags",
                    "grad\\.blocks\\.0\\.attn\\.proj\\.weight",
                    c -> true,
                    (tensor, right) -> transposed(tensor.shape(), right)),
            bug(
                    "rows-shifted",
                    "The tensor's rows are off by one, and wrap around.",
                    "pointer arithmetic, loop bounds",
                    "act\\.blocks\\.0\\.mlp\\.fc2",
                    c -> c.tokens() > 1,
                    (tensor, right) -> shifted(tensor.shape(), right)),
            bug(
                    "sign-flipped",
                    "Every number has the other sign.",
                    "subtractions whose arguments may be swapped",
                    "grad\\.x_embedder\\.proj\\.weight",
                    c -> true,
                    (tensor, right) -> {
                        double[] y = new double[right.length];
                        for (int i = 0; i < y.length; i++) {
                            y[i] = -right[i];
                        }
                        return List.of(y);
                    }));

    private BufferBugs() {}

    private static List<double[]> transposed(Shape shape, double[] x) {
        if (shape.rank() < 2) {
            return List.of();
        }
        int rows = shape.dim(-2);
        int columns = shape.dim(-1);
        double[] y = new double[x.length];
        for (int at = 0; at < x.length; at += rows * columns) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    y[at + j * rows + i] = x[at + i * columns + j];
                }
            }
        }
        return List.of(y);
    }

    private static List<double[]> shifted(Shape shape, double[] x) {
        List<double[]> all = new ArrayList<>();
        int row = shape.rank() == 0 ? 1 : shape.dim(-1);
        if (x.length > row) {
            for (int by : new int[] {row, x.length - row}) {
                double[] y = new double[x.length];
                System.arraycopy(x, 0, y, by, x.length - by);
                System.arraycopy(x, x.length - by, y, 0, by);
                all.add(y);
            }
        }
        return all;
    }

    private static Bug bug(
            String name,
            String says,
            String look,
            String strikes,
            Predicate<ModelConfig> possible,
            Mistake.Recorded.Writing writing) {
        return new Bug(
                name,
                Bug.Area.BUFFER,
                says,
                look,
                List.of(),
                strikes,
                (c, a) -> possible.test(c),
                new Mistake.Recorded(writing));
    }
}
