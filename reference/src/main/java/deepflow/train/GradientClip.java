package deepflow.train;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;

/// Clipping by the norm of all gradients together: each is multiplied by min(1, clip/(norm + 1e-6)) (SPEC §6).
///
/// Norm and factor stay on the device.
///
/// @param norm √Σ‖g‖², a scalar
/// @param factor what gradients are multiplied by, a scalar
public record GradientClip(Tensor norm, Tensor factor) {
    private static final double SMALL = 1e-6;

    /// clip/(norm + 1e-6).
    public static double ratio(double norm, double clip) {
        return clip / (norm + SMALL);
    }

    /// Measures the gradients.
    ///
    /// @param clip largest norm; 0 for no clipping
    public static GradientClip of(Backend b, Iterable<Tensor> gradients, double clip) {
        Tensor squares = b.full(Shape.SCALAR, 0);
        for (Tensor g : gradients) {
            squares = b.add(squares, b.sumOfSquares(g));
        }
        Tensor norm = b.sqrt(squares);
        if (clip == 0) {
            return new GradientClip(norm, b.full(Shape.SCALAR, 1));
        }
        Tensor ratio = b.divide(b.full(Shape.SCALAR, clip), b.add(norm, b.full(Shape.SCALAR, SMALL)));
        return new GradientClip(norm, b.clamp(ratio, Double.NEGATIVE_INFINITY, 1));
    }
}
