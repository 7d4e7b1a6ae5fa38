package deepflow.nn;

import deepflow.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Where modules say which parameters they have, under their path.
public final class Declarations {
    private final String path;
    private final List<ParameterSpec> specs;

    private Declarations(String path, List<ParameterSpec> specs) {
        this.path = path;
        this.specs = specs;
    }

    /// The parameters of a module at the root, in the order of declaration.
    public static List<ParameterSpec> of(Module root) {
        Declarations d = new Declarations("", new ArrayList<>());
        root.declare(d);
        return Collections.unmodifiableList(d.specs);
    }

    /// Declares a child module's parameters under its name.
    public Declarations child(String name, Module module) {
        module.declare(new Declarations(Paths.join(path, name), specs));
        return this;
    }

    /// Declares a trained parameter.
    public Declarations parameter(String name, Shape shape, Initializer initializer) {
        specs.add(new ParameterSpec(Paths.join(path, name), shape, initializer, true));
        return this;
    }

    /// Declares a parameter that is stored with the others and never trained.
    public Declarations fixed(String name, Shape shape, Initializer initializer) {
        specs.add(new ParameterSpec(Paths.join(path, name), shape, initializer, false));
        return this;
    }
}
