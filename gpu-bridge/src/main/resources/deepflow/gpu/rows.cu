// Layer normalisation: a block takes a row of d elements; thread t takes elements t, t + blockDim, ...

// y = (x - mean) rstd, rstd = 1/sqrt(variance + eps), variance = mean((x - mean)^2); x, y (rows, d), rstd (rows).
extern "C" __global__ void layerNorm(const real *xs, real *ys, real *rstds, size rows, size d, real eps) {
    for (size row = blockIdx.x; row < rows; row += gridDim.x) {
        const real *x = xs + row * d;
        real *y = ys + row * d;
        real sum = 0;
        for (size i = threadIdx.x; i < d; i += blockDim.x) {
            sum += x[i];
        }
        real mean = blockSum(sum) / (real)d;
        real squares = 0;
        for (size i = threadIdx.x; i < d; i += blockDim.x) {
            real centred = x[i] - mean;
            squares = multiplyAdd(centred, centred, squares);
        }
        real rstd = (real)1 / squareRoot(blockSum(squares) / (real)d + eps);
        if (threadIdx.x == 0) {
            rstds[row] = rstd;
        }
        for (size i = threadIdx.x; i < d; i += blockDim.x) {
            y[i] = (x[i] - mean) * rstd;
        }
    }
}

// dx = rstd ((dy - mean(dy)) - y mean(dy y)); y, dy, dx (rows, d), rstd (rows).
extern "C" __global__ void layerNormBackward(
    const real *ys, const real *rstds, const real *dys, real *dxs, size rows, size d) {
    for (size row = blockIdx.x; row < rows; row += gridDim.x) {
        const real *y = ys + row * d;
        const real *dy = dys + row * d;
        real *dx = dxs + row * d;
        real sum = 0;
        real dot = 0;
        for (size i = threadIdx.x; i < d; i += blockDim.x) {
            sum += dy[i];
            dot = multiplyAdd(dy[i], y[i], dot);
        }
        real mean = blockSum(sum) / (real)d;
        real slope = -(blockSum(dot) / (real)d);
        real rstd = rstds[row];
        for (size i = threadIdx.x; i < d; i += blockDim.x) {
            dx[i] = multiplyAdd(y[i], slope, dy[i] - mean) * rstd;
        }
    }
}
