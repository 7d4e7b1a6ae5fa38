// Functions of single elements. Arithmetic takes its second argument through a Layout (broadcasting).

#define ARITHMETIC(name, formula)                                                                       \
    extern "C" __global__ void name(const real *xs, const real *ys, real *out, size n, Layout layout) { \
        for (EACH(i, n)) {                                                                              \
            real x = xs[i];                                                                             \
            real y = ys[offset(layout, i)];                                                             \
            out[i] = formula;                                                                           \
        }                                                                                               \
    }

ARITHMETIC(add, x + y)
ARITHMETIC(subtract, x - y)
ARITHMETIC(multiply, x *y)
ARITHMETIC(divide, x / y)

// Every element of out is value.
extern "C" __global__ void fill(real *out, size n, real value) {
    for (EACH(i, n)) {
        out[i] = value;
    }
}

#define MAP(name, formula)                                                \
    extern "C" __global__ void name(const real *xs, real *out, size n) { \
        for (EACH(i, n)) {                                               \
            real x = xs[i];                                              \
            out[i] = formula;                                            \
        }                                                                \
    }

// dx from x and dy
#define MAP_BACKWARD(name, slope)                                                         \
    extern "C" __global__ void name(const real *xs, const real *dys, real *dxs, size n) { \
        for (EACH(i, n)) {                                                                \
            dxs[i] = slope(xs[i]) * dys[i];                                               \
        }                                                                                 \
    }

extern "C" __global__ void scale(const real *xs, real *out, size n, real factor) {
    for (EACH(i, n)) {
        out[i] = xs[i] * factor;
    }
}

MAP(root, squareRoot(x))

// In float32 a sine is that of the double, rounded: right but for one argument in 10^8. In float64 it is CUDA's own,
// within two units in the last place.
MAP(sine, (real)sin((double)x))
MAP(cosine, (real)cos((double)x))

// x * sigma(x)
MAP(silu, x / ((real)1 + exponential(-x)))

// d silu / dx = s (1 + x (1 - s)), s = sigma(x)
__device__ __forceinline__ real siluSlope(real x) {
    real s = (real)1 / ((real)1 + exponential(-x));
    return multiplyAdd((real)1 - s, x, (real)1) * s;
}
MAP_BACKWARD(siluBackward, siluSlope)

#define ROOT_2_OVER_PI ((real)0.7978845608028654)
#define CUBIC ((real)0.044715)
#define CUBIC_SLOPE ((real)(3 * 0.044715))

// tanh u, u = sqrt(2/pi) (x + 0.044715 x^3)
__device__ __forceinline__ real geluTangent(real x) {
    return hyperbolicTangent(multiplyAdd((x * x) * x, CUBIC, x) * ROOT_2_OVER_PI);
}
MAP(gelu, (geluTangent(x) + (real)1) * (x * (real)0.5))

// d gelu / dx = (1 + tanh u)/2 + x/2 (1 - tanh^2 u) du/dx
__device__ __forceinline__ real geluSlope(real x) {
    real t = geluTangent(x);
    real du = multiplyAdd(x * x, CUBIC_SLOPE, (real)1) * ROOT_2_OVER_PI;
    real rest = multiplyAdd(-t, t, (real)1) * (x * (real)0.5);
    return multiplyAdd(rest, du, (t + (real)1) * (real)0.5);
}
MAP_BACKWARD(geluBackward, geluSlope)

// By comparison, not by fmin and fmax: NaN stays NaN, and a zero within the bounds keeps its sign.
extern "C" __global__ void clamp(const real *xs, real *out, size n, real low, real high) {
    for (EACH(i, n)) {
        real x = xs[i];
        out[i] = x < low ? low : x > high ? high : x;
    }
}

extern "C" __global__ void clampBackward(
    const real *xs, const real *dys, real *dxs, size n, real low, real high) {
    for (EACH(i, n)) {
        real x = xs[i];
        dxs[i] = low <= x && x <= high ? dys[i] : (real)0;
    }
}
