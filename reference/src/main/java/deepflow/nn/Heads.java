package deepflow.nn;

import deepflow.autograd.Layout;
import deepflow.autograd.Products;
import deepflow.autograd.Variable;

/// The multi-head form of attention: how tokens are cut into heads, attended, and put together again.
final class Heads {
    private Heads() {}

    /// What scores are multiplied by: 1/√(D/h).
    static double scale(int width, int heads) {
        int d = width / heads;
        return 1 / Math.sqrt(d);
    }

    /// (N, T, D) → (N, h, T, D/h).
    static Variable cut(Variable x, int heads) {
        int n = x.shape().dim(0);
        int t = x.shape().dim(1);
        int d = x.shape().dim(2);
        return Layout.permute(Layout.reshape(x, n, t, heads, d / heads), 0, 2, 1, 3);
    }

    /// softmax(q·kᵀ/√(D/h))·v for every sample and head, heads side by side.
    ///
    /// @param q (N, h, T, D/h)
    /// @param k (N, h, S, D/h)
    /// @param v (N, h, S, D/h)
    /// @return (N, T, D)
    static Variable attend(Variable q, Variable k, Variable v) {
        int n = q.shape().dim(0);
        int h = q.shape().dim(1);
        int t = q.shape().dim(2);
        int d = q.shape().dim(3);
        Variable out = Products.attention(batches(q), batches(k), batches(v), 1 / Math.sqrt(d));
        return Layout.reshape(Layout.permute(Layout.reshape(out, n, h, t, d), 0, 2, 1, 3), n, t, h * d);
    }

    /// (N, h, T, d) → (N·h, T, d).
    private static Variable batches(Variable x) {
        return Layout.reshape(
                x,
                x.shape().dim(0) * x.shape().dim(1),
                x.shape().dim(2),
                x.shape().dim(3));
    }
}
