// float32 to 16 bits, to nearest even, by integer arithmetic: products take their factors in these types.

// A significand of 8 bits and the exponents of float32; NaN stays NaN.
__device__ __forceinline__ unsigned short toBfloat16(float x) {
    unsigned int bits = __float_as_uint(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return 0x7fc0;
    }
    return (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// A significand of 11 bits; from 65520 on infinite, below 2^-14 subnormal, NaN stays NaN.
__device__ __forceinline__ unsigned short toFloat16(float x) {
    unsigned int bits = __float_as_uint(x);
    unsigned int sign = (bits >> 16) & 0x8000u;
    unsigned int magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
        return 0x7e00;
    }
    if (magnitude >= 0x477ff000u) { // 65520
        return (unsigned short)(sign | 0x7c00u);
    }
    if (magnitude < 0x38800000u) { // 2^-14: a sum with 1/2 leaves the significand rounded to multiples of 2^-24
        float sum = __uint_as_float(magnitude) + 0.5f;
        return (unsigned short)(sign | (__float_as_uint(sum) - 0x3f000000u));
    }
    unsigned int odd = (magnitude >> 13) & 1u;
    return (unsigned short)(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

extern "C" __global__ void castBfloat16(const float *xs, unsigned short *out, size n) {
    for (EACH(i, n)) {
        out[i] = toBfloat16(xs[i]);
    }
}

extern "C" __global__ void castFloat16(const float *xs, unsigned short *out, size n) {
    for (EACH(i, n)) {
        out[i] = toFloat16(xs[i]);
    }
}
