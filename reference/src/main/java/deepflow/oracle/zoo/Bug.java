package deepflow.oracle.zoo;

import deepflow.model.ModelConfig;
import deepflow.oracle.emulation.Arithmetic;
import java.util.List;
import java.util.function.BiPredicate;

/// A mistake with a name.
///
/// @param name short, in lower case with hyphens
/// @param area what kind of mistake it is
/// @param says one sentence: what the program does, and what it should
/// @param look what to look at in one's own code
/// @param equations of the paper it gets wrong; empty for what is not an equation
/// @param strikes a regular expression for the dump's tensors that come out wrong where the mistake is made, other than
///     by inheriting it
/// @param possible whether it can be made with a model, in an arithmetic
/// @param mistake how it is made
public record Bug(
        String name,
        Area area,
        String says,
        String look,
        List<Integer> equations,
        String strikes,
        BiPredicate<ModelConfig, Arithmetic> possible,
        Mistake mistake) {
    /// Kinds of mistakes.
    public enum Area {
        /// What the network is fed.
        INTERPOLANT,
        /// Losses.
        LOSS,
        /// Times, labels, positions, patches.
        EMBEDDER,
        /// Transformer blocks.
        BLOCK,
        /// Velocity and acceleration layers.
        VELOCITY_LAYER,
        /// What lies between two branches.
        VERA,
        /// Values are right, gradients are not.
        GRADIENT,
        /// Right numbers in wrong places.
        LAYOUT,
        /// Right formulas in a wrong type.
        PRECISION,
        /// Right formulas with wrong memory.
        BUFFER
    }

    /// Whether a tensor of this name may be wrong by this mistake itself.
    public boolean strikes(String tensor) {
        return tensor.matches(strikes);
    }
}
