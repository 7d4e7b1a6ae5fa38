package deepflow.oracle;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is said of a wrong dump beside where it is wrong.
///
/// @param looksLike bugs of the zoo, the one that explains the first wrong tensor first; empty where none fits
/// @param gradients what is wrong with the gradients where nothing else is; else null
public record Diagnosis(List<Likeness> looksLike, @Nullable WrongGradients gradients) {
    /// Nothing to say.
    public static final Diagnosis NONE = new Diagnosis(List.of(), null);
}
