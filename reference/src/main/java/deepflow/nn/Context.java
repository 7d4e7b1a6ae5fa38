package deepflow.nn;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/// What a module needs to run: the tape, its parameters, and the path it is called under. Explicit, handed from
/// module to module; there are no hooks.
public final class Context {
    /// What all contexts of one forward pass share.
    private record Trace(TraceListener listener, Map<String, Integer> calls, Set<Variable> seen) {}

    private final Tape tape;
    private final Parameters parameters;
    private final String path;
    private final Trace trace;

    private Context(Tape tape, Parameters parameters, String path, Trace trace) {
        this.tape = tape;
        this.parameters = parameters;
        this.path = path;
        this.trace = trace;
    }

    /// The root context of one forward pass.
    public static Context root(Tape tape, Parameters parameters, TraceListener listener) {
        return new Context(
                tape,
                parameters,
                "",
                new Trace(listener, new HashMap<>(), Collections.newSetFromMap(new IdentityHashMap<>())));
    }

    /// The context of a child module.
    public Context in(String child) {
        return new Context(tape, parameters, Paths.join(path, child), trace);
    }

    /// The tape everything is recorded on.
    public Tape tape() {
        return tape;
    }

    /// A parameter of the module at this path.
    public Variable parameter(String name) {
        return parameters.get(Paths.join(path, name));
    }

    /// Reports the output of the module at this path, and returns it, or what the listener puts in its place.
    public Variable output(Variable y) {
        if (trace.listener() == TraceListener.NONE) {
            return y; // and nobody holds it, so that a forward pass alone keeps no outputs
        }
        boolean alias = !trace.seen().add(y);
        int call = trace.calls().merge(path, 1, Integer::sum) - 1;
        Variable seen = trace.listener().output(call == 0 ? path : path + "#" + call, y, alias);
        trace.seen().add(seen); // handing on what stands in its place is handing it on
        return seen;
    }
}
