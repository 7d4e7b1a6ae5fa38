package deepflow.nn;

import deepflow.tensor.Shape;
import java.util.function.Supplier;

/// How a parameter starts (SPEC §5).
public sealed interface Initializer {
    /// Every element the same number.
    record Constant(double value) implements Initializer {}

    /// Gaussian with mean 0.
    record Normal(double std) implements Initializer {}

    /// Uniform on (−a, a), a = √(6/(fanIn + fanOut)) (Glorot and Bengio 2010).
    record XavierUniform(int fanIn, int fanOut) implements Initializer {
        /// Half the width of the interval.
        public double bound() {
            return Math.sqrt(6.0 / (fanIn + (double) fanOut));
        }
    }

    /// Given numbers, in row-major order, computed when asked for: a fixed table.
    record Table(Supplier<double[]> values) implements Initializer {}

    /// Zeros.
    Initializer ZERO = new Constant(0);
    /// Ones.
    Initializer ONE = new Constant(1);

    /// Xavier for a weight (O, I), as PyTorch counts the fans of a matrix.
    static Initializer xavier(Shape weight) {
        return new XavierUniform(Math.toIntExact(weight.size() / Math.max(1, weight.dim(0))), weight.dim(0));
    }
}
