package deepflow.tensor;

/// The memory behind a [Tensor], opaque to all but the [Backend] that allocated it. A back end may put a heap
/// array, a mapped segment or a device address behind it.
public interface Storage {
    /// Number of elements held.
    long size();
}
