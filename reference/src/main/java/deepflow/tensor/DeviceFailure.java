package deepflow.tensor;

/// A device cannot be used here, or not as it was asked to, or failed while it was used: no driver, not enough memory,
/// a
/// library's error. The message is one sentence for the user: what is missing or what failed, and what to do.
public final class DeviceFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// @param sentence with a full stop
    public DeviceFailure(String sentence) {
        super(sentence);
    }

    /// @param sentence with a full stop
    public DeviceFailure(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
