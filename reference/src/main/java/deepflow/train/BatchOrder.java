package deepflow.train;

import deepflow.random.KeyedRandom;

/// In which order samples are seen: every epoch is a permutation of its own, drawn with the key (seed,
/// `order`, epoch). Positions count samples from the start of the run, through all epochs; a batch may
/// reach over the end of one.
///
/// Keeps the last permutation only. Not thread-safe.
public final class BatchOrder {
    private final long seed;
    private final int[] permutation;
    private long epoch = -1;

    /// @param count samples in the data set, at least 1
    public BatchOrder(long seed, int count) {
        if (count < 1) {
            throw new IllegalArgumentException("a batch needs at least one sample to choose from");
        }
        this.seed = seed;
        this.permutation = new int[count];
    }

    /// Which sample is seen at a position.
    public int index(long position) {
        long e = epoch(position);
        if (e != epoch) {
            shuffle(e);
        }
        return permutation[(int) (position % permutation.length)];
    }

    /// In which epoch a position lies, from 0.
    public long epoch(long position) {
        return position / permutation.length;
    }

    /// Fisher and Yates's shuffle.
    private void shuffle(long e) {
        KeyedRandom random = KeyedRandom.of(seed, "order", e);
        for (int i = 0; i < permutation.length; i++) {
            int j = random.below(i + 1);
            permutation[i] = permutation[j];
            permutation[j] = i;
        }
        epoch = e;
    }
}
