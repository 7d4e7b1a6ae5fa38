package deepflow.random;

import java.nio.charset.StandardCharsets;

/// The random numbers of one key (seed, purpose, index). The same key gives the same numbers everywhere, and for all
/// time; keys that differ in any part give unrelated numbers.
///
/// **From key to state.** All arithmetic is on 64-bit words, modulo 2⁶⁴.
/// - mix(z): z ← (z ⊕ (z ≫ 30))·`0xbf58476d1ce4e5b9`; z ← (z ⊕ (z ≫ 27))·`0x94d049bb133111eb`; z ⊕ (z ≫ 31), with
///   unsigned shifts: the finaliser of SplitMix64 (Stafford's variant 13), a bijection.
/// - G = `0x9e3779b97f4a7c15`, and hash(purpose) = FNV-1a over the purpose's UTF-8 bytes b:
///   h ← `0xcbf29ce484222325`; for each b, h ← (h ⊕ b)·`0x100000001b3`.
/// - k₁ = mix(seed + G), k₂ = mix((k₁ ⊕ hash(purpose)) + G), key = mix((k₂ ⊕ index) + G). For a given seed and purpose
///   every index has another key.
/// - State words are SplitMix64's outputs from key: wᵢ = mix(key + i·G), i = 1…4. a = w₁ | 1, s = w₂, x₀ = w₃,
///   x₁ = w₄.
///
/// **From state to words.** L64X128MixRandom of `java.util.random` (Steele and Vigna 2021): the word is lea64(s + x₀);
/// then s ← `0xd1342543de82ef95`·s + a, and (x₀, x₁) advance by xoroshiro128 (24, 16, 37). It is written out here
/// because the library promises its generators' bits for a seed only within one program; a test holds it against the
/// library's. Period 2¹⁹²·(1 − 2⁻¹²⁸), equidistributed in two dimensions.
///
/// Not thread-safe: give each thread keys of its own.
public final class KeyedRandom {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;
    private static final long LCG_MULTIPLIER = 0xd1342543de82ef95L;
    private static final long LEA = 0xdaba0b6eb09322e3L;

    private final long a;
    private long s;
    private long x0;
    private long x1;

    private double spare;
    private boolean hasSpare;

    private KeyedRandom(long a, long s, long x0, long x1) {
        this.a = a | 1;
        this.s = s;
        this.x0 = x0;
        this.x1 = x1;
    }

    /// The generator of a key, at its beginning.
    ///
    /// @param seed the run's seed
    /// @param purpose what the numbers are for, as in `noise` or `init blocks.0.attn.qkv.weight`
    /// @param index which of them: a sample, a step; any number
    public static KeyedRandom of(long seed, String purpose, long index) {
        long key = mix(seed + GOLDEN);
        key = mix((key ^ hash(purpose)) + GOLDEN);
        key = mix((key ^ index) + GOLDEN);
        long[] w = new long[4];
        for (int i = 0; i < w.length; i++) {
            key += GOLDEN;
            w[i] = mix(key);
        }
        return new KeyedRandom(w[0], w[1], w[2], w[3]);
    }

    /// The generator of a state, for comparison with the library's. x₀ and x₁ are not both 0.
    static KeyedRandom ofState(long a, long s, long x0, long x1) {
        return new KeyedRandom(a, s, x0, x1);
    }

    private static long mix(long z) {
        long y = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        y = (y ^ (y >>> 27)) * 0x94d049bb133111ebL;
        return y ^ (y >>> 31);
    }

    private static long hash(String purpose) {
        long h = FNV_OFFSET;
        for (byte b : purpose.getBytes(StandardCharsets.UTF_8)) {
            h = (h ^ (b & 0xff)) * FNV_PRIME;
        }
        return h;
    }

    /// The next 64 bits.
    public long nextLong() {
        long z = s + x0;
        s = LCG_MULTIPLIER * s + a;
        long y = x0 ^ x1;
        x0 = Long.rotateLeft(x0, 24) ^ y ^ (y << 16);
        x1 = Long.rotateLeft(y, 37);
        z = (z ^ (z >>> 32)) * LEA;
        z = (z ^ (z >>> 32)) * LEA;
        return z ^ (z >>> 32);
    }

    /// Uniform in [0, 1): a multiple of 2⁻⁵³, from the upper 53 bits of a word.
    public double uniform() {
        return (nextLong() >>> 11) * 0x1p-53;
    }

    /// Uniform in (0, 1): an odd multiple of 2⁻⁵³, from the upper 52 bits of a word.
    public double uniformOpen() {
        return ((nextLong() >>> 12) + 0.5) * 0x1p-52;
    }

    /// N(0, 1), by Box and Muller with [StrictMath]: u = [#uniformOpen], v = [#uniform], r = √(−2·ln u); first
    /// r·cos(2πv), at the next call r·sin(2πv), whatever was drawn in between. At most 8.58 in absolute value.
    public double gaussian() {
        if (hasSpare) {
            hasSpare = false;
            return spare;
        }
        double r = StrictMath.sqrt(-2 * StrictMath.log(uniformOpen()));
        double angle = 2 * Math.PI * uniform();
        spare = r * StrictMath.sin(angle);
        hasSpare = true;
        return r * StrictMath.cos(angle);
    }

    /// Fills an array with what as many calls of [#gaussian] return.
    public void gaussians(double[] into) {
        for (int i = 0; i < into.length; i++) {
            into[i] = gaussian();
        }
    }

    /// Uniform in 0…n−1, every number equally likely: the upper 63 bits of a word modulo n; a word from the incomplete
    /// last stretch of n is drawn again.
    ///
    /// @param n at least 1
    /// @throws IllegalArgumentException if it is less
    public long below(long n) {
        if (n < 1) {
            throw new IllegalArgumentException("a random number below " + n + " was asked for");
        }
        while (true) {
            long word = nextLong() >>> 1;
            long number = word % n;
            if (word - number <= Long.MAX_VALUE - (n - 1)) {
                return number;
            }
        }
    }

    /// [#below(long)] for an int.
    public int below(int n) {
        return (int) below((long) n);
    }

    /// +1 or −1, each with probability ½, by the highest bit of a word: +1 where it is 0.
    public int sign() {
        return nextLong() >= 0 ? 1 : -1;
    }
}
