package deepflow.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.autograd.Variable;
import deepflow.oracle.verification.Draw;
import deepflow.oracle.verification.Extents;
import deepflow.oracle.verification.RelativeError;
import deepflow.oracle.verification.Values;
import deepflow.tensor.Backend;
import deepflow.tensor.NaiveBackend;
import deepflow.tensor.Shape;
import java.util.Map;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/// Patches and pixels are two arrangements of the same numbers.
class PatchesTest {
    /// The convolution that copies: row (r, c, channel) of the weight picks that pixel of the patch.
    @Property(tries = 200)
    void unpatchifyUndoesAPatchEmbedderThatCopies(
            @ForAll @IntRange(min = 1, max = 3) int samples,
            @ForAll @IntRange(min = 1, max = 4) int patch,
            @ForAll @IntRange(min = 1, max = 3) int channels,
            @ForAll @IntRange(min = 1, max = 4) int grid) {
        int numbers = patch * patch * channels;
        PatchEmbedder embedder = new PatchEmbedder(patch, channels, numbers);
        double[] weight = new double[numbers * numbers];
        for (int r = 0; r < patch; r++) {
            for (int c = 0; c < patch; c++) {
                for (int ch = 0; ch < channels; ch++) {
                    int row = (r * patch + c) * channels + ch;
                    weight[row * numbers + (ch * patch + r) * patch + c] = 1;
                }
            }
        }
        try (Backend backend = new NaiveBackend()) {
            Draw draw = new Draw(backend, Extents.FIXED.getFirst(), grid);
            Context ctx = draw.context(
                    embedder,
                    Map.of(
                            "proj.weight", Values.of(Shape.of(numbers, channels, patch, patch), weight),
                            "proj.bias", Values.of(Shape.of(numbers), new double[numbers])));
            Variable image = draw.variable(Shape.of(samples, channels, grid * patch, grid * patch));
            Variable tokens = embedder.forward(ctx, image);
            assertEquals(Shape.of(samples, grid * grid, numbers), tokens.shape());
            assertEquals(0, RelativeError.of(PatchEmbedder.unpatchify(tokens, patch, channels), image));
        }
    }

    /// Token 1 of a 2×2 grid is the upper right patch; its numbers are ordered (row, column, channel).
    @Example
    void unpatchifyPutsEveryNumberWhereItBelongs() {
        try (Backend backend = new NaiveBackend()) {
            Draw draw = new Draw(backend, Extents.FIXED.getFirst(), 0);
            double[] x = new double[4 * 8];
            for (int i = 0; i < x.length; i++) {
                x[i] = i;
            }
            Values image = Values.of(
                    backend,
                    PatchEmbedder.unpatchify(draw.constant(Values.of(Shape.of(1, 4, 8), x)), 2, 2)
                            .value());
            assertEquals(Shape.of(1, 2, 4, 4), image.shape());
            // token 1, row 1, column 0, channel 1 → channel 1, row 1, column 2
            assertEquals(8 + (1 * 2 + 0) * 2 + 1, image.at(16 + 1 * 4 + 2));
            // token 2, row 0, column 1, channel 0 → channel 0, row 2, column 1
            assertEquals(16 + (0 * 2 + 1) * 2, image.at(2 * 4 + 1));
        }
    }
}
