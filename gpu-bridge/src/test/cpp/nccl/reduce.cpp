#include "reduce.h"

#include <cstdint>
#include <cstring>

#include "../core/numbers.h"

namespace sim {

namespace {

enum { SUM = 0, PRODUCT = 1, MAXIMUM = 2, MINIMUM = 3, AVERAGE = 4 };
enum { INT8 = 0, UINT8, INT32, UINT32, INT64, UINT64, FLOAT16, FLOAT32, FLOAT64, BFLOAT16 };

template <class T>
T combine(T a, T b, int operation) {
    switch (operation) {
        case PRODUCT: return static_cast<T>(a * b);
        case MAXIMUM: return a < b ? b : a;
        case MINIMUM: return b < a ? b : a;
        default: return static_cast<T>(a + b);
    }
}

// Stored as S, reduced as T.
template <class S, class T, class Load, class Store>
std::string reduceAs(const std::vector<std::string>& all, int operation, Load&& loadOne, Store&& storeOne) {
    size_t count = all[0].size() / sizeof(S);
    std::string result(count * sizeof(S), 0);
    for (size_t i = 0; i < count; i++) {
        T total{};
        for (size_t rank = 0; rank < all.size(); rank++) {
            S stored;
            std::memcpy(&stored, all[rank].data() + i * sizeof(S), sizeof(S));
            total = rank == 0 ? loadOne(stored) : combine<T>(total, loadOne(stored), operation);
        }
        if (operation == AVERAGE) total = static_cast<T>(total / static_cast<T>(all.size()));
        S rounded = storeOne(total);
        std::memcpy(result.data() + i * sizeof(S), &rounded, sizeof(S));
    }
    return result;
}

template <class T>
std::string reducePlain(const std::vector<std::string>& all, int operation) {
    auto same = [](T x) { return x; };
    return reduceAs<T, T>(all, operation, same, same);
}

}  // namespace

size_t ncclBytes(int type) {
    switch (type) {
        case INT8: case UINT8: return 1;
        case FLOAT16: case BFLOAT16: return 2;
        case INT32: case UINT32: case FLOAT32: return 4;
        case INT64: case UINT64: case FLOAT64: return 8;
        default: return 0;
    }
}

std::string reduceInRankOrder(const std::vector<std::string>& all, int type, int operation) {
    switch (type) {
        case INT8: return reducePlain<int8_t>(all, operation);
        case UINT8: return reducePlain<uint8_t>(all, operation);
        case INT32: return reducePlain<int32_t>(all, operation);
        case UINT32: return reducePlain<uint32_t>(all, operation);
        case INT64: return reducePlain<int64_t>(all, operation);
        case UINT64: return reducePlain<uint64_t>(all, operation);
        case FLOAT16: return reduceAs<uint16_t, float>(all, operation, fromF16, toF16);
        case FLOAT64: return reducePlain<double>(all, operation);
        case BFLOAT16: return reduceAs<uint16_t, float>(all, operation, fromBf16, toBf16);
        default: return reducePlain<float>(all, operation);
    }
}

}  // namespace sim
