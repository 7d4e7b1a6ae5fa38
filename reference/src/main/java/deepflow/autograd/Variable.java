package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A tensor whose place in the computation is known to a [Tape], so that a gradient can be found for it.
public final class Variable {
    /// Receives a gradient.
    @FunctionalInterface
    public interface Arrival {
        /// @param gradient complete
        /// @param at when it was, by [Variable#gradientAt]'s clock
        void of(Tensor gradient, long at);
    }

    private final Tape tape;
    private final Tensor value;
    private final boolean differentiable;
    private final boolean leaf;
    private final long computedAt;
    private boolean retained;
    private long gradientAt = -1;
    private @Nullable Tensor gradient;
    private List<Arrival> arrivals = List.of();
    /// Of a leaf: how often recorded operations read it whose backward has not run.
    private int readers;

    Variable(Tape tape, Tensor value, boolean differentiable, boolean leaf) {
        this.tape = tape;
        this.value = value;
        this.differentiable = differentiable;
        this.leaf = leaf;
        this.retained = leaf;
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

    /// Asks [Tape#backward] to leave this variable's gradient readable; leaves keep theirs, unless they
    /// [hand it over][#handOver].
    public Variable retain() {
        retained = true;
        return this;
    }

    /// Asks [Tape#backward] to hand this variable's gradient over as soon as it is complete, and not to keep it:
    /// memory for all gradients at once is not needed then. Several may ask; none is told where no gradient
    /// arrives. After the backward pass a gradient that was kept is handed over at once, and stays.
    public void handOver(Arrival arrival) {
        Tensor complete = tape.walked() ? gradient : null;
        if (complete != null) {
            arrival.of(complete, gradientAt);
            return;
        }
        arrivals = new ArrayList<>(arrivals);
        arrivals.add(arrival);
        retained &= !leaf;
    }

    /// The gradient of the scalar given to [Tape#backward] with respect to this variable; null if none reached it,
    /// or it was neither a leaf nor [retained][#retain], or was [handed over][#handOver].
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
        if (g != null) {
            arrivals.forEach(arrival -> arrival.of(g, gradientAt));
        }
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

    boolean leaf() {
        return leaf;
    }

    /// An operation that reads this leaf was recorded.
    void read() {
        readers++;
    }

    /// The backward of one that reads this leaf has run, or was not needed: after the last one the gradient is
    /// complete.
    void readBack() {
        readers--;
        if (readers == 0) {
            Tensor g = takeGradient();
            if (g != null && !retained) {
                tape.drop(g);
            }
        }
    }
}
