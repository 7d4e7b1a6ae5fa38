package deepflow.nn;

/// A part of a model that has parameters.
public interface Module {
    /// Says which parameters this module has, by the names they have in a state dict.
    void declare(Declarations into);
}
