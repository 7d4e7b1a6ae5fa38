package deepflow.io;

/// A file cannot be read or written as what it should be.
///
/// The message is one sentence for the user, on one line: it names the file and, where they apply, the tensor and the
/// byte. Control characters in it are escaped, so that a hostile name cannot forge terminal output. This is the only
/// exception that reading a file of this room throws, input/output errors included (as its cause).
public final class FormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// @param message one sentence; control characters are escaped
    public FormatException(String message) {
        super(Text.printable(message));
    }

    /// @param message one sentence; control characters are escaped
    /// @param cause what went wrong beneath
    public FormatException(String message, Throwable cause) {
        super(Text.printable(message), cause);
    }
}
