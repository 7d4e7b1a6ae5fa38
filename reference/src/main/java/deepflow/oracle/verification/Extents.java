package deepflow.oracle.verification;

import java.util.List;

/// Sizes from which a check makes its tensors.
///
/// @param samples N
/// @param channels C
/// @param side H; images are H × (H + 1) where an equation allows it
/// @param tokens T
/// @param keys S, tokens that are attended to
/// @param heads h
/// @param headWidth D/h
/// @param branches k
public record Extents(
        int samples, int channels, int side, int tokens, int keys, int heads, int headWidth, int branches) {
    /// The sizes that `deepflow verify` runs: all 1, all odd, one token, one key.
    public static final List<Extents> FIXED = List.of(
            new Extents(1, 1, 1, 1, 1, 1, 1, 1),
            new Extents(3, 3, 5, 7, 5, 3, 3, 3),
            new Extents(2, 1, 2, 1, 6, 2, 4, 2),
            new Extents(1, 4, 4, 5, 1, 1, 6, 4));

    /// D.
    public int width() {
        return heads * headWidth;
    }
}
