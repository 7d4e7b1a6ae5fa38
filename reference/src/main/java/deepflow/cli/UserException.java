package deepflow.cli;

/// What the user gave cannot be used: a file, a name, a combination of options. The message is the one sentence they
/// see; the program ends with exit code 2.
public final class UserException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public UserException(String sentence) {
        super(sentence);
    }

    public UserException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
