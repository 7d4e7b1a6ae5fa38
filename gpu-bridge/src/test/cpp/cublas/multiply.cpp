#include "multiply.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace sim {

namespace {

constexpr size_t DEPTH = 256;  // of a block of k
constexpr size_t COLUMNS = 4;

inline float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }

template <class T>
T element(const Matrix& matrix, size_t row, size_t column, Rounding rounding) {
    size_t index = matrix.transposed ? row * matrix.ld + column : column * matrix.ld + row;
    double value = load(matrix.data, matrix.type, index);
    switch (rounding) {
        case Rounding::tf32: return static_cast<T>(roundTf32(static_cast<float>(value)));
        case Rounding::bf16: return static_cast<T>(fromBf16(toBf16(static_cast<float>(value))));
        case Rounding::f16: return static_cast<T>(fromF16(toF16(static_cast<float>(value))));
        default: return static_cast<T>(value);
    }
}

// A row panel of op(A) (ROWS high, zero padded) times COLUMNS columns of op(B), k of one block.
template <class T, size_t ROWS>
void tile(const T* a, const T* b, size_t depth, T* sum) {
    T acc[COLUMNS][ROWS] = {};
    for (size_t k = 0; k < depth; k++) {
        for (size_t j = 0; j < COLUMNS; j++) {
            T factor = b[k * COLUMNS + j];
            for (size_t i = 0; i < ROWS; i++) acc[j][i] = fused(a[k * ROWS + i], factor, acc[j][i]);
        }
    }
    std::memcpy(sum, acc, sizeof acc);
}

template <class T>
void finish(const Product& p, size_t row, size_t rows, size_t column, size_t columns, const T* sum, size_t height) {
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 0; i < rows; i++) {
            size_t at = (column + j) * p.ldc + row + i;
            T value = static_cast<T>(p.alpha) * sum[j * height + i];
            // beta 0 does not read C: what is there may be NaN.
            if (p.beta != 0) value += static_cast<T>(p.beta) * static_cast<T>(load(p.c, p.cType, at));
            store(p.c, p.cType, at, static_cast<double>(value));
        }
    }
}

template <class T>
void multiplyIn(const Product& p) {
    constexpr size_t ROWS = 64 / sizeof(T);
    size_t rowPanels = (p.m + ROWS - 1) / ROWS, columnPanels = (p.n + COLUMNS - 1) / COLUMNS;
    std::vector<T> a(rowPanels * ROWS * p.k), b(columnPanels * COLUMNS * p.k);
    bool read = p.alpha != 0;  // alpha 0 does not read A and B
    for (size_t k = 0; read && k < p.k; k++) {
        for (size_t i = 0; i < p.m; i++) {
            a[(i / ROWS * p.k + k) * ROWS + i % ROWS] = element<T>(p.a, i, k, p.rounding);
        }
        for (size_t j = 0; j < p.n; j++) {
            b[(j / COLUMNS * p.k + k) * COLUMNS + j % COLUMNS] = element<T>(p.b, k, j, p.rounding);
        }
    }
    std::vector<T> sum(ROWS * COLUMNS), block(ROWS * COLUMNS);
    for (size_t column = 0; column < columnPanels; column++) {
        for (size_t row = 0; row < rowPanels; row++) {
            std::fill(sum.begin(), sum.end(), T{0});
            for (size_t k = 0; k < p.k; k += DEPTH) {
                tile<T, ROWS>(&a[(row * p.k + k) * ROWS], &b[(column * p.k + k) * COLUMNS], std::min(DEPTH, p.k - k),
                              block.data());
                for (size_t i = 0; i < sum.size(); i++) sum[i] = k == 0 ? block[i] : sum[i] + block[i];
            }
            finish(p, row * ROWS, std::min(ROWS, p.m - row * ROWS), column * COLUMNS,
                   std::min(COLUMNS, p.n - column * COLUMNS), sum.data(), ROWS);
        }
    }
}

}  // namespace

void multiply(const Product& product) {
    if (product.wide) {
        multiplyIn<double>(product);
    } else {
        multiplyIn<float>(product);
    }
}

}  // namespace sim
