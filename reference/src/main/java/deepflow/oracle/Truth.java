package deepflow.oracle;

import deepflow.tensor.Shape;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What the oracle says a tensor of the dump should be.
///
/// @param name name in the dump
/// @param shape extents
/// @param when what its absence means
/// @param values the elements, in row-major order, computed or fetched when asked for
/// @param alternative values that are right as well, or null: an optimizer's result that follows from the dump's own
///     gradients is not the optimizer's fault
/// @param scale the norm that its error is measured against where it is larger than the tensor's own: 0, but for a
///     tensor that is zero by its mathematics and only rounding noise in practice
record Truth(
        String name,
        Shape shape,
        Absence when,
        Supplier<double[]> values,
        @Nullable Supplier<double[]> alternative,
        Supplier<Norm> scale) {
    /// What it means when a dump lacks the tensor, though its family is there.
    enum Absence {
        /// A finding, unless the truth is zero everywhere.
        FINDING,
        /// Listed as missing, and no more.
        LISTED,
        /// Nothing: not every producer writes it.
        FINE
    }

    Truth(String name, Shape shape, Absence when, Supplier<double[]> values) {
        this(name, shape, when, values, null, () -> Norm.ZERO);
    }

    /// Whether it is a result of the optimizer, and not of the step before it.
    boolean stepped() {
        return Family.byName(name).filter(Family.STEPPED::contains).isPresent();
    }
}
