package deepflow.nn;

import deepflow.autograd.Layout;
import deepflow.autograd.Products;
import deepflow.autograd.Variable;
import deepflow.tensor.Shape;

/// Images as tokens: `proj`, a convolution D×C×p×p with stride p, which is a linear map of each patch's C·p·p
/// numbers; tokens in row-major order of the grid (SPEC §2).
///
/// @param patch p, divides H and W
/// @param channels C
/// @param width D
public record PatchEmbedder(int patch, int channels, int width) implements Module {
    @Override
    public void declare(Declarations into) {
        Shape weight = Shape.of(width, channels, patch, patch);
        into.parameter("proj.weight", weight, Initializer.xavier(weight))
                .parameter("proj.bias", Shape.of(width), Initializer.ZERO);
    }

    /// @param x (N, C, H, W)
    /// @return (N, T, D), T = (H/p)·(W/p)
    public Variable forward(Context ctx, Variable x) {
        int n = x.shape().dim(0);
        int rows = x.shape().dim(2) / patch;
        int columns = x.shape().dim(3) / patch;
        Context proj = ctx.in("proj");
        // (N, C, rows, p, columns, p) → (N, rows, columns, C, p, p): a patch's numbers side by side
        Variable patches =
                Layout.permute(Layout.reshape(x, n, channels, rows, patch, columns, patch), 0, 2, 4, 1, 3, 5);
        int numbers = channels * patch * patch;
        Variable tokens = Products.linear(
                Layout.reshape(patches, n, rows * columns, numbers),
                Layout.reshape(proj.parameter("weight"), width, numbers),
                proj.parameter("bias"));
        // a convolution's output is (N, D, rows, columns)
        Variable image = proj.output(Layout.reshape(Layout.permute(tokens, 0, 2, 1), n, width, rows, columns));
        return ctx.output(Layout.permute(Layout.reshape(image, n, width, rows * columns), 0, 2, 1));
    }

    /// The inverse arrangement: the p·p·C numbers of a token, ordered (row, column, channel), become pixels.
    ///
    /// @param x (N, T, p·p·C), T a square grid
    /// @return (N, C, H, W)
    public static Variable unpatchify(Variable x, int patch, int channels) {
        int n = x.shape().dim(0);
        int grid = (int) Math.round(Math.sqrt(x.shape().dim(1)));
        Variable six = Layout.reshape(x, n, grid, grid, patch, patch, channels);
        return Layout.reshape(Layout.permute(six, 0, 5, 1, 3, 2, 4), n, channels, grid * patch, grid * patch);
    }
}
