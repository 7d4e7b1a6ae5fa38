package deepflow.oracle.zoo;

import deepflow.autograd.Variable;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import deepflow.train.Losses;
import java.util.List;
import java.util.Set;

/// How a step goes wrong: a change of the right evaluation at one of the places where mistakes are made. Each kind of
/// mistake changes one thing; the defaults here change nothing.
public sealed interface Mistake {
    /// A step without mistake.
    Mistake NONE = new None();

    /// What computes the step.
    default Backend backend(Backend right) {
        return right;
    }

    /// A parameter as the step uses it.
    ///
    /// @param name in the state dict
    default Tensor parameter(Backend b, String name, Tensor right) {
        return right;
    }

    /// A module's output.
    ///
    /// @param step what was computed so far
    /// @param call which module, and which call of it
    default Variable output(StepSoFar step, Call call, Variable right) {
        return right;
    }

    /// A prediction in image space.
    ///
    /// @param name `velocity` or `acceleration`; the call counts branches from 0
    default Variable prediction(StepSoFar step, Call name, Variable right) {
        return right;
    }

    /// The losses of a step, and with them what is fed to the network.
    default Losses losses(StepSoFar step, Context ctx, VelocityModel model) {
        return step.objective().evaluate(ctx, model, step.batch(), step.watch());
    }

    /// What the backward pass starts from.
    ///
    /// @param lossScale what it should
    default double seed(double lossScale) {
        return lossScale;
    }

    /// The numbers of a tensor as they are written down.
    ///
    /// @param tensor which, and what else was written
    /// @param right its numbers; not to be changed
    default double[] recorded(WrittenTensor tensor, double[] right) {
        return right;
    }

    /// None.
    record None() implements Mistake {}

    /// Several mistakes in one step, one after the other where they meet in the same place.
    record Together(List<Mistake> mistakes) implements Mistake {
        @Override
        public Backend backend(Backend right) {
            Backend b = right;
            for (Mistake one : mistakes) {
                b = one.backend(b);
            }
            return b;
        }

        @Override
        public Tensor parameter(Backend b, String name, Tensor right) {
            Tensor value = right;
            for (Mistake one : mistakes) {
                value = one.parameter(b, name, value);
            }
            return value;
        }

        @Override
        public Variable output(StepSoFar step, Call call, Variable right) {
            Variable value = right;
            for (Mistake one : mistakes) {
                value = one.output(step, call, value);
            }
            return value;
        }

        @Override
        public Variable prediction(StepSoFar step, Call name, Variable right) {
            Variable value = right;
            for (Mistake one : mistakes) {
                value = one.prediction(step, name, value);
            }
            return value;
        }
    }

    /// An operation computes something else, wherever it occurs.
    record Operation(Alteration alteration) implements Mistake {
        @Override
        public Backend backend(Backend right) {
            return new AlteredBackend(right, alteration);
        }
    }

    /// A module's output, or a prediction, is computed by another formula from what was computed before; gradients
    /// follow from that formula.
    ///
    /// @param module a regular expression for paths of modules, or `velocity`, `acceleration`
    record Output(String module, Formula formula) implements Mistake {
        /// What stands in the place of a module's output.
        @FunctionalInterface
        public interface Formula {
            /// @param step what was computed so far
            /// @param call which module, and which call of it
            /// @param right what should come out
            Variable of(StepSoFar step, Call call, Variable right);
        }

        /// The same mistake made in some calls only.
        ///
        /// @param calls as traced
        public Output only(Set<String> calls) {
            return new Output(
                    module,
                    (step, call, right) -> calls.contains(call.traced()) ? formula.of(step, call, right) : right);
        }

        @Override
        public Variable output(StepSoFar step, Call call, Variable right) {
            return call.path().matches(module) ? formula.of(step, call, right) : right;
        }

        @Override
        public Variable prediction(StepSoFar step, Call name, Variable right) {
            return output(step, name, right);
        }
    }

    /// A parameter, or a fixed table, is not what was loaded.
    ///
    /// @param name in the state dict, a regular expression
    record Parameter(String name, Reading reading) implements Mistake {
        /// What becomes of a parameter.
        @FunctionalInterface
        public interface Reading {
            /// @param right its values
            Tensor of(Backend b, Tensor right);
        }

        @Override
        public Tensor parameter(Backend b, String parameter, Tensor right) {
            return parameter.matches(name) ? reading.of(b, right) : right;
        }
    }

    /// The objective, or what the network is fed, is another.
    record Loss(LossForm form) implements Mistake {
        @Override
        public Losses losses(StepSoFar step, Context ctx, VelocityModel model) {
            return LossForm.evaluate(form, step, ctx, model);
        }
    }

    /// All gradients are multiplied by something.
    ///
    /// @param factor beside the loss scale
    /// @param unscaled whether the loss scale is missing
    record Scale(double factor, boolean unscaled) implements Mistake {
        @Override
        public double seed(double lossScale) {
            return factor * (unscaled ? 1 : lossScale);
        }
    }

    /// A right number is written down wrongly: a tensor's buffer is not what was computed. It happens to any tensor;
    /// [Bug#strikes] says to which one in the zoo.
    record Recorded(Writing writing) implements Mistake {
        /// What is written in the place of a tensor's numbers.
        @FunctionalInterface
        public interface Writing {
            /// @return all ways to get this wrong, none if it cannot happen to this tensor
            List<double[]> of(WrittenTensor tensor, double[] right);
        }

        @Override
        public double[] recorded(WrittenTensor tensor, double[] right) {
            List<double[]> wrong = writing.of(tensor, right);
            return wrong.isEmpty() ? right : wrong.getFirst();
        }
    }
}
