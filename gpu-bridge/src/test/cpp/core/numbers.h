// Element types as they lie in device memory, and rounding to them: to nearest, ties to even.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sim {

enum class Type { f32, f64, f16, bf16 };

inline size_t bytesOf(Type type) { return type == Type::f64 ? 8 : type == Type::f32 ? 4 : 2; }

inline uint32_t bitsOf(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

inline float floatOf(uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// Keeps the upper 32 - `dropped` bits of the pattern; NaN stays NaN.
inline uint32_t roundBits(uint32_t bits, int dropped) {
    if ((bits & 0x7fffffffu) > 0x7f800000u) return bits | 0x00400000u;
    uint32_t half = (1u << (dropped - 1)) - 1, odd = bits >> dropped & 1;
    return (bits + half + odd) >> dropped << dropped;
}

inline float roundTf32(float x) { return floatOf(roundBits(bitsOf(x), 13)); }
inline uint16_t toBf16(float x) { return static_cast<uint16_t>(roundBits(bitsOf(x), 16) >> 16); }
inline float fromBf16(uint16_t bits) { return floatOf(static_cast<uint32_t>(bits) << 16); }

inline uint16_t toF16(float x) {
    uint32_t bits = bitsOf(x), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to 65536 or more
    if (magnitude < 0x38800000u) {
        // Subnormal: adding 0.5 aligns the last bit kept with the last bit of the sum, which rounds to even.
        uint32_t sum = bitsOf(floatOf(magnitude) + 0.5f);
        return static_cast<uint16_t>(sign | (sum - 0x3f000000u));
    }
    uint32_t odd = magnitude >> 13 & 1;
    return static_cast<uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

inline float fromF16(uint16_t half) {
    uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, exponent = half >> 10 & 31, mantissa = half & 1023;
    if (exponent == 31) return floatOf(sign | 0x7f800000u | mantissa << 13);
    if (exponent != 0) return floatOf(sign | (exponent + 112) << 23 | mantissa << 13);
    float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

// An element as a double (exact), and back.
inline double load(const void* base, Type type, size_t index) {
    switch (type) {
        case Type::f64: return static_cast<const double*>(base)[index];
        case Type::f32: return static_cast<const float*>(base)[index];
        case Type::f16: return fromF16(static_cast<const uint16_t*>(base)[index]);
        default: return fromBf16(static_cast<const uint16_t*>(base)[index]);
    }
}

inline void store(void* base, Type type, size_t index, double value) {
    switch (type) {
        case Type::f64: static_cast<double*>(base)[index] = value; break;
        case Type::f32: static_cast<float*>(base)[index] = static_cast<float>(value); break;
        case Type::f16: static_cast<uint16_t*>(base)[index] = toF16(static_cast<float>(value)); break;
        default: static_cast<uint16_t*>(base)[index] = toBf16(static_cast<float>(value)); break;
    }
}

}  // namespace sim
