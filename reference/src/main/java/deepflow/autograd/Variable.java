package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A tensor whose place in the computation is known to a [Tape], so that a gradient can be found for it.
public final class Variable {
    private final Tape tape;
    private final Tensor value;
    private final boolean differentiable;
    private final long computedAt;
    private boolean retained;
    private long gradientAt = -1;
    private @Nullable Tensor gradient;

    Variable(Tape tape, Tensor value, boolean differentiable, boolean retained) {
        this.tape = tape;
        this.value = value;
        this.differentiable = differentiable;
        this.retained = retained;
        this.computedAt = tape.tick();
        tape.hold(value);
    }

    /// When it was computed: the tape's clock, which counts values and gradients in the order of execution.
    public long computedAt() {
        return computedAt;
    }

    /// When its gradient was complete, by the same clock; −1 if none has reached it.
    public long gradientAt() {
        return gradientAt;
    }

    /// The computed value.
    public Tensor value() {
        return value;
    }

    /// The value's shape.
    public Shape shape() {
        return value.shape();
    }

    /// The tape this variable belongs to.
    public Tape tape() {
        return tape;
    }

    /// The back end it was computed on.
    public Backend backend() {
        return tape.backend();
    }

    /// Whether a gradient flows through here: some leaf it was computed from wants one.
    public boolean differentiable() {
        return differentiable;
    }

    /// Asks [Tape#backward] to leave this variable's gradient readable; leaves always keep theirs.
    public Variable retain() {
        retained = true;
        return this;
    }

    /// The gradient of the scalar given to [Tape#backward] with respect to this variable; null if none reached it
    /// or it was neither a leaf nor [retained][#retain].
    public @Nullable Tensor gradient() {
        return gradient;
    }

    /// Adds a contribution to the gradient, computed only where one is wanted. For backward functions.
    void accumulate(Supplier<Tensor> contribution) {
        if (!differentiable) {
            return;
        }
        Tensor g = contribution.get();
        if (!g.shape().equals(value.shape())) {
            throw new IllegalStateException("a gradient of shape " + g.shape() + " reached a variable of shape "
                    + value.shape() + ": the operation's backward is wrong");
        }
        Tensor typed = backend().inTypeOf(g, value);
        Tensor before = gradient;
        gradient = before == null ? typed : backend().add(before, typed);
        tape.hold(gradient);
        if (before != null) {
            tape.drop(before);
            tape.discard(typed);
        }
        gradientAt = tape.tick();
    }

    /// Hands the gradient to this variable's own backward function, and forgets it unless it is wanted.
    @Nullable
    Tensor takeGradient() {
        Tensor g = gradient;
        if (!retained) {
            gradient = null;
        }
        return g;
    }

    /// The backward function has run: on a training tape neither the gradient nor the value is needed any more.
    void forget(@Nullable Tensor taken) {
        if (!retained) {
            if (taken != null) {
                tape.drop(taken);
            }
            tape.drop(value);
        }
    }
}
