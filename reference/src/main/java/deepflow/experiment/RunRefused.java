package deepflow.experiment;

/// A run cannot begin, or not go on: the message is one sentence for the user.
public final class RunRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// @param sentence why, and what to do
    public RunRefused(String sentence) {
        super(sentence);
    }
}
