package deepflow.oracle.emulation;

import deepflow.random.KeyedRandom;

/// In which order the terms of a sum are added.
public interface SummationOrder {
    /// As they come.
    SummationOrder AS_STORED = n -> identity(n);

    /// A permutation of 0…n−1.
    int[] of(int n);

    /// Every time another order, equally likely.
    static SummationOrder random(KeyedRandom random) {
        return n -> {
            int[] order = identity(n);
            for (int i = n - 1; i > 0; i--) {
                int j = random.below(i + 1);
                int at = order[i];
                order[i] = order[j];
                order[j] = at;
            }
            return order;
        };
    }

    private static int[] identity(int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        return order;
    }
}
