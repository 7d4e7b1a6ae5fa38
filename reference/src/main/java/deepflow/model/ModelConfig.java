package deepflow.model;

import deepflow.equation.AccelerationMlp;
import java.util.ArrayList;
import java.util.List;

/// Everything that determines a model's shape (SPEC §2–4), checked.
///
/// @param size H = W, the image side
/// @param patch p, divides H
/// @param channels C
/// @param classes K; row K of the label table is the null class
/// @param width D, divisible by 4 and by h
/// @param depth L, number of blocks
/// @param heads h
/// @param k branches; 1 for SiT
/// @param acc A, width of ACC_MLP and of the SSL projectors
/// @param kind DeepFlow or SiT
/// @param keys after how many blocks the first k − 1 branches end, increasing
/// @param clamp whether Eq. 8 clips its scale to [−5, 5]
/// @param qkNorm whether attention normalises each head's q and k
/// @param sslDim Z, width of the features for SSL alignment; 0 for none
/// @param learnSigma whether velocity layers predict 2C channels, of which the first C are the velocity
/// @param design how VeRA joins v* and a*
/// @param parts which parts VeRA has
/// @param accForm layers of ACC_MLP
public record ModelConfig(
        int size,
        int patch,
        int channels,
        int classes,
        int width,
        int depth,
        int heads,
        int k,
        int acc,
        Kind kind,
        List<Integer> keys,
        boolean clamp,
        boolean qkNorm,
        int sslDim,
        boolean learnSigma,
        Design design,
        VeraParts parts,
        AccelerationMlp.Form accForm) {
    private static final int DEEPEST = 1 << 12;

    /// Which network.
    public enum Kind {
        /// With the published DeepFlow names, also when k = 1.
        DEEPFLOW,
        /// The plain transformer: one velocity layer `final_layer`, after the last block.
        SIT
    }

    /// How VeRA joins the velocity feature v* and the acceleration feature a* (figure 6 of the paper).
    public enum Design {
        /// Eq. 8 on (v* | a*).
        FULL,
        /// v* + Eq. 8 on a* alone, all widths D.
        ADDITIVE
    }

    /// Which parts VeRA has (table 7a of the paper adds them one by one).
    ///
    /// @param timeGap modulation by the time gap, Eq. 8
    /// @param acceleration a* and the loss of Eq. 7
    /// @param crossSpace cross-space attention, Eq. 9
    public record VeraParts(boolean timeGap, boolean acceleration, boolean crossSpace) {
        /// The published block.
        public static final VeraParts ALL = new VeraParts(true, true, true);
        /// Deep supervision only: branches follow each other directly.
        public static final VeraParts NONE = new VeraParts(false, false, false);
    }

    /// @throws IllegalArgumentException if the numbers contradict each other; one sentence that says how
    public ModelConfig {
        keys = List.copyOf(keys);
        atLeast("size", size, 1, 1 << 14);
        atLeast("patch", patch, 1, size);
        atLeast("channels", channels, 1, 1 << 14);
        atLeast("classes", classes, 0, 1 << 24);
        atLeast("width", width, 4, 1 << 13);
        atLeast("depth", depth, 1, DEEPEST);
        atLeast("heads", heads, 1, width);
        atLeast("k", k, 1, depth);
        atLeast("acc", acc, 1, 1 << 14);
        atLeast("ssl_dim", sslDim, 0, 1 << 14);
        check(size % patch == 0, "size " + size + " is not divisible by patch " + patch);
        check(width % heads == 0, "width " + width + " is not divisible by heads " + heads);
        check(width % 4 == 0, "width " + width + " is not divisible by 4, as the position table needs");
        check(kind == Kind.DEEPFLOW || k == 1, "a sit model has one branch, but k is " + k);
        // With these, no parameter and no image has more elements than an array can hold.
        fits("a patch of 2C channels", 2L * patch * patch * channels, 1 << 16);
        fits("an image", (long) size * size * channels, Integer.MAX_VALUE);
        fits("the label table", (classes + 1L) * width, Integer.MAX_VALUE);
        fits("the position table", (long) (size / patch) * (size / patch) * width, Integer.MAX_VALUE);
        check(keys.size() == k - 1, "k = " + k + " branches need " + (k - 1) + " key layers, got " + keys.size());
        for (int i = 0; i < keys.size(); i++) {
            int before = i == 0 ? 0 : keys.get(i - 1);
            check(
                    keys.get(i) > before && keys.get(i) < depth,
                    "key layers are increasing block numbers from 1 to " + (depth - 1) + ", got " + keys);
        }
    }

    private static void atLeast(String name, int value, int least, int most) {
        check(value >= least && value <= most, name + " must be from " + least + " to " + most + ", got " + value);
    }

    private static void fits(String what, long numbers, long most) {
        check(numbers <= most, what + " would have " + numbers + " numbers, more than the " + most + " allowed");
    }

    private static void check(boolean condition, String sentence) {
        if (!condition) {
            throw new IllegalArgumentException(sentence);
        }
    }

    /// The published DeepFlow of these numbers: VeRA in full, nothing optional.
    ///
    /// @throws IllegalArgumentException if L is not divisible by k
    public static ModelConfig deepflow(
            int size, int patch, int channels, int classes, int width, int depth, int heads, int k, int acc) {
        return new ModelConfig(
                size,
                patch,
                channels,
                classes,
                width,
                depth,
                heads,
                k,
                acc,
                Kind.DEEPFLOW,
                equalKeys(depth, k),
                false,
                false,
                0,
                false,
                Design.FULL,
                VeraParts.ALL,
                AccelerationMlp.Form.DEEP);
    }

    /// Key layers after block L/k, 2L/k, … (SPEC §3).
    ///
    /// @throws IllegalArgumentException if L is not divisible by k, or either is out of range
    public static List<Integer> equalKeys(int depth, int k) {
        atLeast("depth", depth, 1, DEEPEST);
        check(k >= 1 && k <= depth, "k must be from 1 to depth " + depth + ", got " + k);
        check(depth % k == 0, "depth " + depth + " is not divisible by k = " + k + ": list the key layers in 'keys'");
        List<Integer> keys = new ArrayList<>();
        for (int i = 1; i < k; i++) {
            keys.add(depth / k * i);
        }
        return keys;
    }

    /// H/p.
    public int grid() {
        return size / patch;
    }

    /// T = (H/p)².
    public int tokens() {
        return grid() * grid();
    }

    /// Channels a velocity layer predicts: C, or 2C with learned sigma.
    public int outChannels() {
        return learnSigma ? 2 * channels : channels;
    }

    /// Width of what Eq. 8 modulates: 2D for (v* | a*), else D.
    public int gapWidth() {
        return design == Design.FULL && parts.acceleration() ? 2 * width : width;
    }

    /// The same numbers as another kind of network, with or without learned sigma.
    public ModelConfig withOptions(Kind kind, boolean learnSigma) {
        return new ModelConfig(
                size,
                patch,
                channels,
                classes,
                width,
                depth,
                heads,
                k,
                acc,
                kind,
                keys,
                clamp,
                qkNorm,
                sslDim,
                learnSigma,
                design,
                parts,
                accForm);
    }
}
