package deepflow.oracle.verification;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.Module;
import deepflow.nn.Parameters;
import deepflow.nn.TraceListener;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A [Case] put on a tape: what an equation asks for becomes a leaf, and is remembered.
public final class Evaluation {
    private static final String IN = "in.";
    private static final String WEIGHT = "weight.";

    private final Tape tape;
    private final Case arguments;
    private final Map<String, Variable> leaves = new LinkedHashMap<>();

    /// @param tape records or not
    /// @param arguments what is evaluated
    public Evaluation(Tape tape, Case arguments) {
        this.tape = tape;
        this.arguments = arguments;
    }

    /// The tape everything is on.
    public Tape tape() {
        return tape;
    }

    /// An option of the case.
    ///
    /// @throws IllegalArgumentException if the case has none of that name
    public String option(String name) {
        String value = arguments.options().get(name);
        if (value == null) {
            throw new IllegalArgumentException("a case has no option " + name);
        }
        return value;
    }

    /// A yes-or-no option.
    public boolean flag(String name) {
        return Boolean.parseBoolean(option(name));
    }

    /// An option that lists numbers, with commas between them.
    public List<Double> numbers(String name) {
        return Arrays.stream(option(name).split(",", -1)).map(Double::valueOf).toList();
    }

    /// An input that gradients flow to.
    public Variable variable(String name) {
        return leaves.computeIfAbsent(IN + name, full -> tape.leaf(value(full).on(tape.backend())));
    }

    /// An input that no gradient flows to: a time.
    public Tensor tensor(String name) {
        return value(IN + name).on(tape.backend());
    }

    /// The context of a module at the root, its parameters taken from the case.
    public Context context(Module module) {
        var specs = Declarations.of(module);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        specs.forEach(s -> weights.put(s.name(), value(WEIGHT + s.name()).on(tape.backend())));
        Parameters parameters = Parameters.on(tape, specs, weights);
        parameters.all().forEach((name, v) -> leaves.put(WEIGHT + name, v));
        return Context.root(tape, parameters, TraceListener.NONE);
    }

    /// The leaves that were asked for, by full name.
    public Map<String, Variable> leaves() {
        return Collections.unmodifiableMap(leaves);
    }

    private Values value(String full) {
        Values v = arguments.values().get(full);
        if (v == null) {
            throw new IllegalArgumentException("a case has no tensor " + full);
        }
        return v;
    }
}
