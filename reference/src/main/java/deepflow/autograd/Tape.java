package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The record of a computation, in order; [#backward] reads it from the end.
///
/// A tape serves one forward and at most one backward pass. One that does not record ([#inference]) computes the
/// same values and keeps nothing; one for [#training] gives up each value as soon as it is of no more use.
public final class Tape {
    /// @param leaves that are read, as often as they are
    private record Step(List<Variable> outputs, Consumer<List<@Nullable Tensor>> backward, List<Variable> leaves) {}

    private final Backend backend;
    private final boolean recording;
    private final @Nullable Lifetimes lifetimes;
    private final ArrayList<Step> steps = new ArrayList<>();
    private boolean spent;
    private long clock;

    private Tape(Backend backend, boolean recording, @Nullable Lifetimes lifetimes) {
        this.backend = backend;
        this.recording = recording;
        this.lifetimes = lifetimes;
    }

    /// A tape that records, for [#backward].
    public static Tape recording(Backend backend) {
        return new Tape(backend, true, null);
    }

    /// A tape that records, and whose backward pass frees computed values and gradients on its way: after it only
    /// leaves and the gradients of leaves and [retained][Variable#retain] variables can be read. What else is of
    /// interest, the loss for one, must be read before.
    public static Tape training(Backend backend) {
        return new Tape(backend, true, new Lifetimes(backend));
    }

    /// A tape that only computes: intermediate tensors are garbage as soon as they are used.
    public static Tape inference(Backend backend) {
        return new Tape(backend, false, null);
    }

    /// What evaluates the operations.
    public Backend backend() {
        return backend;
    }

    /// A leaf whose gradient is wanted: a parameter.
    public Variable leaf(Tensor value) {
        return new Variable(this, value, recording, true);
    }

    /// A value no gradient flows to: data, a time, a constant.
    public Variable constant(Tensor value) {
        return new Variable(this, value, false, false);
    }

    /// A constant whose elements all are `value`.
    public Variable constant(Shape shape, double value) {
        return constant(backend.full(shape, value));
    }

    /// The same value, cut off: no gradient flows back through it.
    public Variable detach(Variable x) {
        return constant(x.value());
    }

    /// `x` with something between it and what comes after: downstream sees `value` in its place, and the gradient
    /// that arrives from there, once complete, reaches `x` as what `gradient` makes of it. With the values and
    /// gradients of another implementation, each operation is computed from that one's own inputs.
    ///
    /// @param value of the shape of `x`
    /// @throws IllegalArgumentException if the shapes differ
    public Variable intercept(Variable x, Tensor value, UnaryOperator<Tensor> gradient) {
        if (!value.shape().equals(x.shape())) {
            throw new IllegalArgumentException(
                    "shape " + x.shape() + " cannot be seen as a value of shape " + value.shape());
        }
        return record(value, dy -> x.accumulate(() -> gradient.apply(dy)), x);
    }

    /// Whether gradients are complete.
    boolean walked() {
        return spent && steps.isEmpty();
    }

    /// Says that a value or gradient of this tape lies in a tensor.
    void hold(Tensor x) {
        if (lifetimes != null) {
            lifetimes.hold(x);
        }
    }

    /// Says that one that lay there is needed no more.
    void drop(Tensor x) {
        if (lifetimes != null) {
            lifetimes.drop(x);
        }
    }

    /// Says that a tensor was needed for a moment only.
    void discard(Tensor x) {
        if (lifetimes != null) {
            lifetimes.discard(x);
        }
    }

    /// The next moment of the order of execution.
    long tick() {
        return clock++;
    }

    /// Notes an operation with one result. `backward` receives the result's gradient, and gives each input its
    /// share by [Variable#accumulate].
    Variable record(Tensor value, Consumer<Tensor> backward, Variable... inputs) {
        return record(
                        List.of(value),
                        dys -> {
                            Tensor dy = dys.getFirst();
                            if (dy != null) {
                                backward.accept(dy);
                            }
                        },
                        inputs)
                .getFirst();
    }

    /// Notes an operation with several results; a result that did not matter to the loss has a null gradient. The
    /// backward is not called when no result did.
    List<Variable> record(List<Tensor> values, Consumer<List<@Nullable Tensor>> backward, Variable... inputs) {
        boolean differentiable = false;
        for (Variable input : inputs) {
            if (input.tape() != this) {
                throw new IllegalArgumentException("an operation's inputs come from two different tapes");
            }
            differentiable |= input.differentiable();
        }
        boolean flows = differentiable;
        List<Variable> outputs =
                values.stream().map(v -> new Variable(this, v, flows, false)).toList();
        if (flows) {
            List<Variable> leaves = Stream.of(inputs).filter(Variable::leaf).toList();
            leaves.forEach(Variable::read);
            steps.add(new Step(outputs, backward, leaves));
        }
        return outputs;
    }

    /// Gradients of a scalar with respect to all leaves and retained variables, to be read from
    /// [Variable#gradient]. Intermediate gradients and recorded values are let go on the way.
    ///
    /// @param loss one element, of any rank
    /// @param seed gradient to start from: 1, or a loss scale
    /// @throws IllegalArgumentException if `loss` is not a scalar of this tape
    /// @throws IllegalStateException if this tape was walked before
    public void backward(Variable loss, double seed) {
        if (loss.tape() != this || loss.value().size() != 1) {
            throw new IllegalArgumentException("backward starts from a scalar of this tape, got shape " + loss.shape());
        }
        if (spent) {
            throw new IllegalStateException("a tape can be walked backward once");
        }
        spent = true;
        loss.accumulate(() -> backend.full(loss.shape(), seed));
        while (!steps.isEmpty()) {
            Step step = steps.removeLast();
            List<@Nullable Tensor> dys = new ArrayList<>();
            boolean reached = false;
            for (Variable output : step.outputs()) {
                Tensor dy = output.takeGradient();
                dys.add(dy);
                reached |= dy != null;
            }
            if (reached) {
                step.backward().accept(dys);
            }
            for (int i = 0; i < dys.size(); i++) {
                Variable output = step.outputs().get(i);
                output.forget(dys.get(i));
            }
            step.leaves().forEach(Variable::readBack);
        }
    }

    /// [#backward(Variable, double)] from 1.
    public void backward(Variable loss) {
        backward(loss, 1);
    }
}
