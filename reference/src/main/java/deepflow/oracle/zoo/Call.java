package deepflow.oracle.zoo;

/// One call of a module.
///
/// @param path of the module
/// @param index 0 for the first call
public record Call(String path, int index) {
    /// From a name in a trace, where later calls have `#i` appended.
    public static Call of(String traced) {
        int mark = traced.indexOf('#');
        return mark < 0
                ? new Call(traced, 0)
                : new Call(traced.substring(0, mark), Integer.parseInt(traced.substring(mark + 1)));
    }

    /// The name in a trace.
    public String traced() {
        return index == 0 ? path : path + "#" + index;
    }

    /// The same call of the module's parent, or of its ancestor.
    ///
    /// @param levels how far up
    Call up(int levels) {
        String p = path;
        for (int i = 0; i < levels; i++) {
            p = p.substring(0, p.lastIndexOf('.'));
        }
        return new Call(p, index);
    }

    /// The same call of a child of this module.
    Call in(String child) {
        return new Call(path + "." + child, index);
    }

    /// The number in the path behind `name`, as 2 in `blocks.2.mlp` behind `blocks`.
    int number(String name) {
        String rest = path.substring(path.indexOf(name + ".") + name.length() + 1);
        int dot = rest.indexOf('.');
        return Integer.parseInt(dot < 0 ? rest : rest.substring(0, dot));
    }
}
