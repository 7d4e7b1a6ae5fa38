// Sums in a fixed order, without atomics. A long sum is cut into pieces whose length is part of its definition; the
// pieces' sums are summed by the same kernels until one is left.

// Over a middle axis: x (outer, n, inner) -> out (outer, pieces, inner); piece p of a column is the sum of its elements
// p*length to (p+1)*length, in increasing order, beginning with +0.
extern "C" __global__ void sumColumns(
    const real *xs, real *out, size outer, size n, size inner, size length, size pieces) {
    for (EACH(i, outer * pieces * inner)) {
        size row = quotient(i, inner);
        size column = i - row * inner;
        size o = quotient(row, pieces);
        size piece = row - o * pieces;
        size end = (piece + 1) * length < n ? (piece + 1) * length : n;
        real sum = 0;
        for (size r = piece * length; r < end; r++) {
            sum += xs[(o * n + r) * inner + column];
        }
        out[i] = sum;
    }
}

// Over the last axis: x (outer, n) -> out (outer, pieces), a block for each piece.
extern "C" __global__ void sumRows(const real *xs, real *out, size outer, size n, size length, size pieces) {
    for (size i = blockIdx.x; i < outer * pieces; i += gridDim.x) {
        size row = quotient(i, pieces);
        size begin = (i - row * pieces) * length;
        size end = begin + length < n ? begin + length : n;
        const real *x = xs + row * n;
        real sum = 0;
        for (size j = begin + threadIdx.x; j < end; j += blockDim.x) {
            sum += x[j];
        }
        sum = blockSum(sum);
        if (threadIdx.x == 0) {
            out[i] = sum;
        }
    }
}

// As sumRows of one row, of squares.
extern "C" __global__ void sumSquares(const real *xs, real *out, size n, size length, size pieces) {
    for (size piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
        size end = (piece + 1) * length < n ? (piece + 1) * length : n;
        real sum = 0;
        for (size j = piece * length + threadIdx.x; j < end; j += blockDim.x) {
            sum = multiplyAdd(xs[j], xs[j], sum);
        }
        sum = blockSum(sum);
        if (threadIdx.x == 0) {
            out[piece] = sum;
        }
    }
}

// How many elements of each piece are NaN or infinite.
extern "C" __global__ void countPieces(const real *xs, size *out, size n, size length, size pieces) {
    for (size piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
        size end = (piece + 1) * length < n ? (piece + 1) * length : n;
        size count = 0;
        for (size j = piece * length + threadIdx.x; j < end; j += blockDim.x) {
            real difference = xs[j] - xs[j]; // 0, or NaN for NaN and infinities
            count += difference == (real)0 ? 0 : 1;
        }
        count = blockSum(count);
        if (threadIdx.x == 0) {
            out[piece] = count;
        }
    }
}

// The sum of the pieces' counts, by one block: counts are exact, so they need no order.
extern "C" __global__ void countAll(const size *counts, real *out, size pieces) {
    size count = 0;
    for (size j = threadIdx.x; j < pieces; j += blockDim.x) {
        count += counts[j];
    }
    count = blockSum(count);
    if (threadIdx.x == 0) {
        *out = (real)count;
    }
}
