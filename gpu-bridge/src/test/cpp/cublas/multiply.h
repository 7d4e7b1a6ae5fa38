// The arithmetic of a product: C = alpha·op(A)·op(B) + beta·C, column-major, summed in float32 or float64.
//
// The order is fixed: k runs upwards with fused multiply-adds within blocks of 256, and the blocks' sums are added in
// order. That is the order of the reference's SIMD back end, so that full-precision products agree bit for bit.
#pragma once

#include <cstddef>

#include "../core/numbers.h"

namespace sim {

// What the elements of A and B are rounded to before they are multiplied.
enum class Rounding { none, tf32, bf16, f16 };

struct Matrix {
    const void* data;
    Type type;
    size_t ld;
    bool transposed;
};

struct Product {
    size_t m, n, k;
    Matrix a, b;
    void* c;
    Type cType;
    size_t ldc;
    Rounding rounding;
    bool wide;  // sum in float64
    double alpha, beta;
};

void multiply(const Product& product);

}  // namespace sim
