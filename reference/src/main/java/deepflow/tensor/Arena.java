package deepflow.tensor;

/// The lifetime of one step's tensors: everything a back end allocates while an arena is the innermost open one
/// is freed when it closes, except what was [kept][#keep]. Arenas nest, and close in reverse order of opening.
///
/// Reading a freed tensor is an error that says so, on every back end.
public interface Arena extends AutoCloseable {
    /// Hands a tensor of this arena to the enclosing one (or to nobody: it then lives as long as it is
    /// referenced) and returns it. A tensor that is not this arena's is returned unchanged.
    Tensor keep(Tensor tensor);

    /// Frees this arena's tensors.
    ///
    /// @throws IllegalStateException if an arena opened later is still open
    @Override
    void close();
}
