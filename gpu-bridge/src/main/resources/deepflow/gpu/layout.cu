// Where elements lie. None of these changes a bit of one.

// out[i] = x[offset of i]: a permutation of axes.
extern "C" __global__ void permute(const real *xs, real *out, size n, Layout layout) {
    for (EACH(i, n)) {
        out[i] = xs[offset(layout, i)];
    }
}

// `count` runs of `length` elements, from every `fromPitch` to every `toPitch` elements: a slice, or a part of a
// concatenation. The pointers are those of the first run.
extern "C" __global__ void copyRuns(
    const real *from, real *to, size count, size length, size fromPitch, size toPitch) {
    for (EACH(i, count * length)) {
        size run = quotient(i, length);
        size at = i - run * length;
        to[run * toPitch + at] = from[run * fromPitch + at];
    }
}

// out[n] = table[indices[n]]; table (V, d), out (count, d). The host has looked at the indices.
extern "C" __global__ void gather(const real *table, const int *indices, real *out, size count, size d) {
    for (EACH(i, count * d)) {
        size n = quotient(i, d);
        out[i] = table[(size)indices[n] * d + (i - n * d)];
    }
}

// dtable[v] = sum over n with indices[n] = v of dy[n], in increasing order of n; dy (count, d), dtable (rows, d). Each
// element looks at all indices: count is a batch, and no two threads add to one element.
extern "C" __global__ void gatherBackward(
    const real *dys, const int *indices, real *dtable, size rows, size count, size d) {
    for (EACH(i, rows * d)) {
        size row = quotient(i, d);
        size column = i - row * d;
        real sum = 0;
        for (size n = 0; n < count; n++) {
            if (indices[n] == row) {
                sum += dys[n * d + column];
            }
        }
        dtable[i] = sum;
    }
}
