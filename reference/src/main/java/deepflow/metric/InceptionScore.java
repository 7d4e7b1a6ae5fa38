package deepflow.metric;

/// The Inception score (Salimans et al. 2016) of class logits: exp of the mean over samples of KL(p(y|x) ‖ p(y)),
/// p(y|x) the softmax of a sample's logits and p(y) its mean; from 1 (every sample looks like the average) to K
/// (certain about each, and all classes equally often).
///
/// The samples are cut into consecutive splits of nearly equal size, each with its own p(y); the score is the mean over
/// splits.
///
/// @param mean over splits
/// @param deviation standard deviation over splits
public record InceptionScore(double mean, double deviation) {
    /// Computes the score.
    ///
    /// @param logits (N, K)
    /// @param splits from 1 to N
    /// @throws IllegalArgumentException if there are more splits than samples
    public static InceptionScore of(Features logits, int splits) {
        int n = logits.count();
        if (splits < 1 || splits > n) {
            throw new IllegalArgumentException(
                    "the number of splits must be from 1 to the " + n + " samples, got " + splits);
        }
        double[] scores = new double[splits];
        double mean = 0;
        for (int s = 0; s < splits; s++) {
            scores[s] = score(logits, (int) ((long) n * s / splits), (int) ((long) n * (s + 1) / splits));
            mean += scores[s] / splits;
        }
        double variance = 0;
        for (double score : scores) {
            variance += (score - mean) * (score - mean) / splits;
        }
        return new InceptionScore(mean, Math.sqrt(variance));
    }

    private static double score(Features logits, int from, int to) {
        int k = logits.width();
        double[] marginal = new double[k];
        double negativeEntropy = 0;
        for (int i = from; i < to; i++) {
            double[] log = logSoftmax(logits, i);
            for (int c = 0; c < k; c++) {
                double p = StrictMath.exp(log[c]);
                marginal[c] += p / (to - from);
                negativeEntropy += p == 0 ? 0 : p * log[c] / (to - from);
            }
        }
        double cross = 0;
        for (double p : marginal) {
            cross += p == 0 ? 0 : p * StrictMath.log(p);
        }
        return StrictMath.exp(negativeEntropy - cross);
    }

    private static double[] logSoftmax(Features logits, int row) {
        int k = logits.width();
        double[] log = new double[k];
        System.arraycopy(logits.values(), row * k, log, 0, k);
        double largest = Double.NEGATIVE_INFINITY;
        for (double v : log) {
            largest = Math.max(largest, v);
        }
        double sum = 0;
        for (double v : log) {
            sum += StrictMath.exp(v - largest);
        }
        double logSum = StrictMath.log(sum);
        for (int c = 0; c < k; c++) {
            log[c] -= largest + logSum;
        }
        return log;
    }
}
