// Tokens (N, T, D) with a vector (N, D) for each sample.

// Where the vector of element i is.
__device__ __forceinline__ size perSample(size i, size tokens, size d) {
    return quotient(i, tokens * d) * d + (i - quotient(i, d) * d);
}

// y = z (1 + scale) + shift
extern "C" __global__ void modulate(
    const real *zs, const real *shifts, const real *scales, real *ys, size n, size tokens, size d) {
    for (EACH(i, n)) {
        size v = perSample(i, tokens, d);
        real product = zs[i] * (scales[v] + (real)1);
        ys[i] = product + shifts[v];
    }
}

// Of modulate: dz = dy (1 + scale); and the pieces of dshift = sum dy and dscale = sum dy z over the tokens, cut and
// summed as sumColumns does; pieces (samples, pieces, d).
extern "C" __global__ void modulateBackward(
    const real *zs, const real *scales, const real *dys, real *dzs, real *shiftPieces, real *scalePieces,
    size samples, size tokens, size d, size length, size pieces) {
    for (EACH(i, samples * pieces * d)) {
        size row = quotient(i, d);
        size column = i - row * d;
        size sample = quotient(row, pieces);
        size piece = row - sample * pieces;
        size end = (piece + 1) * length < tokens ? (piece + 1) * length : tokens;
        real factor = scales[sample * d + column] + (real)1;
        real sum = 0;
        real products = 0;
        for (size t = piece * length; t < end; t++) {
            size at = (sample * tokens + t) * d + column;
            real dy = dys[at];
            dzs[at] = dy * factor;
            sum += dy;
            products += dy * zs[at];
        }
        shiftPieces[i] = sum;
        scalePieces[i] = products;
    }
}

// y = x + h gate
extern "C" __global__ void addGated(
    const real *xs, const real *hs, const real *gates, real *ys, size n, size tokens, size d) {
    for (EACH(i, n)) {
        real product = hs[i] * gates[perSample(i, tokens, d)];
        ys[i] = xs[i] + product;
    }
}

// Of addGated: dh = dy gate; and the pieces of dgate = sum dy h over the tokens.
extern "C" __global__ void addGatedBackward(
    const real *hs, const real *gates, const real *dys, real *dhs, real *gatePieces,
    size samples, size tokens, size d, size length, size pieces) {
    for (EACH(i, samples * pieces * d)) {
        size row = quotient(i, d);
        size column = i - row * d;
        size sample = quotient(row, pieces);
        size piece = row - sample * pieces;
        size end = (piece + 1) * length < tokens ? (piece + 1) * length : tokens;
        real gate = gates[sample * d + column];
        real products = 0;
        for (size t = piece * length; t < end; t++) {
            size at = (sample * tokens + t) * d + column;
            real dy = dys[at];
            dhs[at] = dy * gate;
            products += dy * hs[at];
        }
        gatePieces[i] = products;
    }
}
