package deepflow.parallel;

/// The processes of a run did not come together, or one of them stopped. The message is one sentence for the
/// user.
public final class RanksFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String sentence;

    /// @param sentence with a full stop
    public RanksFailure(String sentence) {
        super(sentence);
        this.sentence = sentence;
    }

    /// @param sentence with a full stop
    public RanksFailure(String sentence, Throwable cause) {
        super(sentence, cause);
        this.sentence = sentence;
    }

    @Override
    public String getMessage() {
        return sentence;
    }
}
