// What all kernels of this back end share. The compiler is told REAL (float or double); there are no headers, so that
// NVRTC, nvcc and the simulator in the tests compile the same text.
//
// Conventions: elements are counted in 64 bits; kernels stride over the grid, so that any grid is right; sums run in an
// order that depends on extents alone, never on the grid.

typedef REAL real;
typedef long long size;

#define EACH(i, n) \
    size i = (size)blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += (size)gridDim.x * blockDim.x

__device__ __forceinline__ float multiplyAdd(float a, float b, float c) { return fmaf(a, b, c); }
__device__ __forceinline__ double multiplyAdd(double a, double b, double c) { return fma(a, b, c); }
__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
__device__ __forceinline__ float hyperbolicTangent(float x) { return tanhf(x); }
__device__ __forceinline__ double hyperbolicTangent(double x) { return tanh(x); }
__device__ __forceinline__ float squareRoot(float x) { return sqrtf(x); }
__device__ __forceinline__ double squareRoot(double x) { return sqrt(x); }

// A smaller tensor under a larger one: for each axis of the larger, outermost first, its extent and how far a step on
// it goes in the smaller.
#define MOST_AXES 16
struct Layout {
    size rank;
    size extent[MOST_AXES];
    size stride[MOST_AXES];
};

// a / b for numbers that are not negative; division in 32 bits is several times faster.
__device__ __forceinline__ size quotient(size a, size b) {
    return (a | b) <= 0xffffffffLL ? (size)((unsigned int)a / (unsigned int)b) : a / b;
}

// Where element i of the larger tensor lies in the smaller.
__device__ __forceinline__ size offset(const Layout &layout, size i) {
    size at = 0;
    for (int axis = (int)layout.rank - 1; axis > 0; axis--) {
        size outer = quotient(i, layout.extent[axis]);
        at += (i - outer * layout.extent[axis]) * layout.stride[axis];
        i = outer;
    }
    return layout.rank == 0 ? 0 : at + i * layout.stride[0];
}

// The sum of one value of each thread of a block of whole warps, for all threads: a butterfly in each warp, then the
// warps' sums in order. Every thread of the block must come here.
template <typename T> __device__ T blockSum(T x) {
    __shared__ T partial[32];
    for (int lane = 16; lane > 0; lane /= 2) {
        x += __shfl_xor_sync(0xffffffffu, x, lane);
    }
    __syncthreads(); // the last sum's readers are done with it
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = x;
    }
    __syncthreads();
    T sum = partial[0];
    for (int warp = 1; warp < blockDim.x / 32; warp++) {
        sum += partial[warp];
    }
    return sum;
}
