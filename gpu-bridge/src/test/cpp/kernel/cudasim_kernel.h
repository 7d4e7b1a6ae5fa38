// CUDA C++ as NVRTC offers it without headers, for g++: included before each kernel file. What is not here, a kernel
// of this project may not use. No standard header is included, because NVRTC has none either.
#pragma once

#include "cudasim_abi.h"

extern "C" __attribute__((visibility("default"), section(".data"))) cudasim_context cudasim_ctx = {};

#ifdef CUDASIM_MEMCHECK
extern "C" __attribute__((visibility("default"))) const int cudasim_instrumented = 1;
#else
extern "C" __attribute__((visibility("default"))) const int cudasim_instrumented = 0;
#endif

#define __global__ __attribute__((noinline, used))
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
// `extern __shared__ T x[]` is rewritten before the compiler sees it; the others become static, one copy at a time
// being enough as blocks run one after the other. They are all that lies in .bss, which is how the simulator finds them.
#define __shared__ static
extern "C" __attribute__((visibility("hidden"))) unsigned char __bss_start[], _end[];
extern "C" __attribute__((visibility("default"))) unsigned char* cudasim_shared_bound(int end) {
    return end ? _end : __bss_start;
}

#define threadIdx (cudasim_ctx.thread)
#define blockIdx (cudasim_ctx.block)
#define blockDim (cudasim_ctx.blockSize)
#define gridDim (cudasim_ctx.gridSize)
constexpr int warpSize = 32;

#define __syncthreads() cudasim_ctx.barrier(__LINE__)
#define __syncwarp(...) cudasim_ctx.warpBarrier(cudasim_mask(__VA_ARGS__), __LINE__)
#define __trap() cudasim_ctx.trap("__trap()")
#define assert(condition) ((condition) ? (void)0 : cudasim_ctx.trap("assert(" #condition ")"))
inline void __threadfence() {}
inline void __threadfence_block() {}

typedef __SIZE_TYPE__ size_t;

#define CUDASIM_VECTOR(T, NAME)                                                          \
    struct __attribute__((aligned(2 * sizeof(T)))) NAME##2 { T x, y; };                  \
    struct NAME##3 { T x, y, z; };                                                       \
    struct __attribute__((aligned(4 * sizeof(T) > 16 ? 16 : 4 * sizeof(T)))) NAME##4 {   \
        T x, y, z, w;                                                                    \
    };                                                                                   \
    inline NAME##2 make_##NAME##2(T x, T y) { return {x, y}; }                           \
    inline NAME##4 make_##NAME##4(T x, T y, T z, T w) { return {x, y, z, w}; }
CUDASIM_VECTOR(float, float)
CUDASIM_VECTOR(double, double)
CUDASIM_VECTOR(int, int)
CUDASIM_VECTOR(unsigned, uint)
CUDASIM_VECTOR(unsigned short, ushort)
CUDASIM_VECTOR(long long, longlong)
#undef CUDASIM_VECTOR

// ---- bits
template <class To, class From>
inline To cudasim_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "bits");
    To to;
    __builtin_memcpy(&to, &from, sizeof to);
    return to;
}
inline unsigned __float_as_uint(float x) { return cudasim_bits<unsigned>(x); }
inline int __float_as_int(float x) { return cudasim_bits<int>(x); }
inline float __uint_as_float(unsigned x) { return cudasim_bits<float>(x); }
inline float __int_as_float(int x) { return cudasim_bits<float>(x); }
inline long long __double_as_longlong(double x) { return cudasim_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return cudasim_bits<double>(x); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>((static_cast<unsigned long long>(a) * b) >> 32);
}

// ---- mathematics: libm's, which is close to CUDA's but not equal bit for bit
#define CUDASIM_LIBM1(NAME)               \
    extern "C" float NAME##f(float);      \
    extern "C" double NAME(double);       \
    inline float NAME(float x) { return NAME##f(x); }
CUDASIM_LIBM1(exp)
CUDASIM_LIBM1(exp2)
CUDASIM_LIBM1(expm1)
CUDASIM_LIBM1(log)
CUDASIM_LIBM1(log2)
CUDASIM_LIBM1(log10)
CUDASIM_LIBM1(log1p)
CUDASIM_LIBM1(sqrt)
CUDASIM_LIBM1(cbrt)
CUDASIM_LIBM1(sin)
CUDASIM_LIBM1(cos)
CUDASIM_LIBM1(tan)
CUDASIM_LIBM1(sinh)
CUDASIM_LIBM1(cosh)
CUDASIM_LIBM1(tanh)
CUDASIM_LIBM1(atan)
CUDASIM_LIBM1(erf)
CUDASIM_LIBM1(erfc)
CUDASIM_LIBM1(floor)
CUDASIM_LIBM1(ceil)
CUDASIM_LIBM1(trunc)
CUDASIM_LIBM1(round)
CUDASIM_LIBM1(rint)
CUDASIM_LIBM1(fabs)
#undef CUDASIM_LIBM1
#define CUDASIM_LIBM2(NAME)                        \
    extern "C" float NAME##f(float, float);        \
    extern "C" double NAME(double, double);        \
    inline float NAME(float x, float y) { return NAME##f(x, y); }
CUDASIM_LIBM2(pow)
CUDASIM_LIBM2(fmod)
CUDASIM_LIBM2(atan2)
CUDASIM_LIBM2(fmax)
CUDASIM_LIBM2(fmin)
CUDASIM_LIBM2(copysign)
CUDASIM_LIBM2(hypot)
#undef CUDASIM_LIBM2
extern "C" float fmaf(float, float, float);
extern "C" double fma(double, double, double);
inline float fma(float a, float b, float c) { return fmaf(a, b, c); }
extern "C" float ldexpf(float, int);
extern "C" double ldexp(double, int);
extern "C" int abs(int);
inline float abs(float x) { return fabsf(x); }
inline double abs(double x) { return fabs(x); }
inline long long abs(long long x) { return x < 0 ? -x : x; }
inline float rsqrtf(float x) { return static_cast<float>(1.0 / sqrt(static_cast<double>(x))); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float rsqrt(float x) { return rsqrtf(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __saturatef(float x) { return fminf(fmaxf(x, 0.0f), 1.0f); }
// Round to nearest, never contracted.
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
#define CUDASIM_RN(SUFFIX, OPERATOR)                                                                   \
    inline __attribute__((noinline)) float __f##SUFFIX##_rn(float a, float b) { return a OPERATOR b; } \
    inline __attribute__((noinline)) double __d##SUFFIX##_rn(double a, double b) { return a OPERATOR b; }
CUDASIM_RN(add, +)
CUDASIM_RN(sub, -)
CUDASIM_RN(mul, *)
CUDASIM_RN(div, /)
#undef CUDASIM_RN
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline double __dsqrt_rn(double x) { return sqrt(x); }
inline bool isnan(float x) { return __builtin_isnan(x); }
inline bool isnan(double x) { return __builtin_isnan(x); }
inline bool isinf(float x) { return __builtin_isinf(x); }
inline bool isinf(double x) { return __builtin_isinf(x); }
inline bool isfinite(float x) { return __builtin_isfinite(x); }
inline bool isfinite(double x) { return __builtin_isfinite(x); }
inline int __float2int_rn(float x) { return static_cast<int>(rintf(x)); }
inline int __float2int_rz(float x) { return static_cast<int>(x); }
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __double2float_rn(double x) { return static_cast<float>(x); }

#define CUDASIM_MINMAX(T)                            \
    inline T min(T a, T b) { return b < a ? b : a; } \
    inline T max(T a, T b) { return a < b ? b : a; }
CUDASIM_MINMAX(int)
CUDASIM_MINMAX(unsigned)
CUDASIM_MINMAX(long)
CUDASIM_MINMAX(unsigned long)
CUDASIM_MINMAX(long long)
CUDASIM_MINMAX(unsigned long long)
#undef CUDASIM_MINMAX
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

template <class T>
inline T __ldg(const T* address) {
    return *address;
}

// ---- warps
inline unsigned cudasim_mask(unsigned mask = 0xffffffffu) { return mask; }
inline unsigned cudasim_lane() {
    return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 32;
}

template <class T>
inline T cudasim_exchange(unsigned mask, T value, int lane, int line) {
    static_assert(sizeof(T) <= 8, "a shuffle moves 4 or 8 bytes");
    unsigned long long bits = 0;
    __builtin_memcpy(&bits, &value, sizeof value);
    bits = cudasim_ctx.exchange(mask, bits, lane, line);
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}
// The source lane stays within the segment of `width` lanes, or is the lane itself.
inline int cudasim_source(char kind, int argument, int width) {
    int lane = static_cast<int>(cudasim_lane()), first = lane / width * width, source = lane;
    switch (kind) {
        case 'd': source = lane + argument; break;
        case 'u': source = lane - argument; break;
        case 'x': source = lane ^ argument; break;
        default: return first + (argument & (width - 1));
    }
    if (kind == 'x') return source >= first + width ? lane : source;
    return source < first || source >= first + width ? lane : source;
}
template <class T>
inline T cudasim_shuffle(char kind, int line, unsigned mask, T value, int argument, int width = 32) {
    return cudasim_exchange(mask, value, cudasim_source(kind, argument, width), line);
}
#define __shfl_sync(...) cudasim_shuffle('i', __LINE__, __VA_ARGS__)
#define __shfl_down_sync(...) cudasim_shuffle('d', __LINE__, __VA_ARGS__)
#define __shfl_up_sync(...) cudasim_shuffle('u', __LINE__, __VA_ARGS__)
#define __shfl_xor_sync(...) cudasim_shuffle('x', __LINE__, __VA_ARGS__)
#define __ballot_sync(mask, predicate) static_cast<unsigned>(cudasim_ctx.vote(mask, predicate, __LINE__))
#define __any_sync(mask, predicate) (cudasim_ctx.vote(mask, predicate, __LINE__) != 0)
#define __all_sync(mask, predicate) (cudasim_ctx.vote(mask, !(predicate), __LINE__) == 0)

// ---- atomics: one thread runs at a time, so a plain operation is one
template <class T, class F>
inline __attribute__((no_sanitize("thread"))) T cudasim_atomic(T* address, F&& next) {
    cudasim_ctx.atomic(address, sizeof(T));
    T old = *address;
    *address = next(old);
    return old;
}
#define CUDASIM_ATOMIC(NAME, EXPRESSION)                                                                 \
    template <class T, class V>                                                                          \
    inline T NAME(T* address, V operand) {                                                               \
        T value = static_cast<T>(operand);                                                               \
        return cudasim_atomic(address, [=](T old) __attribute__((no_sanitize("thread"))) -> T { \
            return EXPRESSION;                                                                           \
        });                                                                                              \
    }
CUDASIM_ATOMIC(atomicAdd, old + value)
CUDASIM_ATOMIC(atomicSub, old - value)
CUDASIM_ATOMIC(atomicMax, old < value ? value : old)
CUDASIM_ATOMIC(atomicMin, value < old ? value : old)
CUDASIM_ATOMIC(atomicOr, old | value)
CUDASIM_ATOMIC(atomicAnd, old & value)
CUDASIM_ATOMIC(atomicXor, old ^ value)
CUDASIM_ATOMIC(atomicExch, value)
#undef CUDASIM_ATOMIC
template <class T>
inline T atomicCAS(T* address, T compare, T value) {
    return cudasim_atomic(address, [=](T old) __attribute__((no_sanitize("thread"))) -> T {
        return old == compare ? value : old;
    });
}

// ---- how the simulator learns a kernel's parameters and calls it
namespace cudasim {
template <class T>
struct Kind {
    static constexpr cudasim_parameter value = {sizeof(T), alignof(T), 0, 0};
};
template <class T>
struct Kind<T*> {
    static constexpr cudasim_parameter value = {sizeof(T*), alignof(T*), 1, sizeof(T)};
};
template <class T>
struct Kind<const T*> {
    static constexpr cudasim_parameter value = {sizeof(T*), alignof(T*), 2, sizeof(T)};
};
template <class T>
struct Kind<T* __restrict> : Kind<T*> {};
template <class T>
struct Kind<const T* __restrict> : Kind<const T*> {};
template <unsigned... I>
struct Indices {};
template <unsigned N, unsigned... I>
struct Upto : Upto<N - 1, N - 1, I...> {};
template <unsigned... I>
struct Upto<0, I...> {
    using type = Indices<I...>;
};
template <class F>
struct Signature;
template <class... A>
struct Signature<void(A...)> {
    static constexpr int count = sizeof...(A);
    static constexpr cudasim_parameter parameter[sizeof...(A) + 1] = {Kind<A>::value..., {0, 0, 0, 0}};
    template <unsigned... I>
    static __attribute__((no_sanitize("thread"))) void call(void (*kernel)(A...), void** arguments, Indices<I...>) {
        (void)arguments;
        kernel(*static_cast<A*>(arguments[I])...);
    }
    using All = typename Upto<sizeof...(A)>::type;
};
}  // namespace cudasim

// Written by the simulator after the kernel file, once for each kernel.
#define CUDASIM_KERNEL(NAME)                                                                                    \
    extern "C" __attribute__((no_sanitize("thread"))) void cudasim_invoke_##NAME(void** arguments) {    \
        using Kernel = cudasim::Signature<decltype(NAME)>;                                                      \
        Kernel::call(&NAME, arguments, Kernel::All());                                                          \
    }                                                                                                           \
    extern "C" __attribute__((visibility("default"))) const cudasim_kernel cudasim_kernel_##NAME = {            \
        #NAME, cudasim::Signature<decltype(NAME)>::count, cudasim::Signature<decltype(NAME)>::parameter,        \
        cudasim_invoke_##NAME};
