package deepflow.oracle.verification;

import java.util.Collections;
import java.util.List;

/// Tokens rearranged: the middle axis of (N, T, D).
final class Rows {
    private Rows() {}

    /// Token i of the result is token `order[i]` of `x`, in every sample.
    static Values chosen(Values x, List<Integer> order) {
        int width = x.shape().dim(2);
        int before = x.shape().dim(1);
        int after = order.size();
        double[] y = new double[x.shape().dim(0) * after * width];
        for (int i = 0; i < y.length; i++) {
            int sample = i / (after * width);
            y[i] = x.at((sample * before + order.get(i / width % after)) * width + i % width);
        }
        return Values.of(x.shape().with(1, after), y);
    }

    /// One token of every sample: (N, T, D) → (N, 1, D).
    static Values token(Values x, int token) {
        return chosen(x, Collections.singletonList(token));
    }
}
