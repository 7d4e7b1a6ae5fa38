// What an optimizer does to parameters, in place; each operation is rounded by itself. The constants are those of
// AdamWFactors.

// m <- b1 m + (1-b1) g, v <- b2 v + ((1-b2) g) g, w <- (w - decay w) - (size m) / (sqrt(v)/root + eps)
__device__ __forceinline__ real step(
    real g, real w, real *m, real *v, real keep1, real take1, real keep2, real take2, real decay, real stepSize,
    real root, real eps) {
    real first = *m * keep1 + g * take1;
    real second = *v * keep2 + (g * take2) * g;
    *m = first;
    *v = second;
    return (w - w * decay) - (first * stepSize) / (squareRoot(second) / root + eps);
}

extern "C" __global__ void adamW(
    real *w, const real *g, real *m, real *v, size n, real keep1, real take1, real keep2, real take2, real decay,
    real stepSize, real root, real eps) {
    for (EACH(i, n)) {
        w[i] = step(g[i], w[i], m + i, v + i, keep1, take1, keep2, take2, decay, stepSize, root, eps);
    }
}

// target <- target keep + x (1 - keep)
extern "C" __global__ void average(real *target, const real *x, size n, real keep) {
    real take = (real)1 - keep;
    for (EACH(i, n)) {
        target[i] = target[i] * keep + x[i] * take;
    }
}

// adamW with the gradient times a factor that is on the device, then average of the new weight, in one pass: five
// tensors are read and four written once.
extern "C" __global__ void train(
    real *w, const real *g, const real *factor, real *m, real *v, real *ema, size n, real keep1, real take1, real keep2,
    real take2, real decay, real stepSize, real root, real eps, real keep) {
    real take = (real)1 - keep;
    real clip = *factor;
    for (EACH(i, n)) {
        real weight =
            step(g[i] * clip, w[i], m + i, v + i, keep1, take1, keep2, take2, decay, stepSize, root, eps);
        w[i] = weight;
        ema[i] = ema[i] * keep + weight * take;
    }
}
