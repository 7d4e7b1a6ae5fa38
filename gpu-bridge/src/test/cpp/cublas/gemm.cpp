// libcublas.so.13, cublasGemmEx and cublasGemmStridedBatchedEx: every argument is looked at before anything is queued.
#include <algorithm>
#include <memory>
#include <vector>

#include "../core/device.h"
#include "../core/memory.h"
#include "../core/status.h"
#include "handle.h"
#include "multiply.h"

using namespace sim;

namespace {

enum Compute { F32 = 68, F32_PEDANTIC = 69, F64 = 70, F64_PEDANTIC = 71, F32_16F = 74, F32_16BF = 75, F32_TF32 = 77 };

struct Operand {
    const char* name;
    const unsigned char* data;
    int cudaType;
    long long ld, stride, rows, columns;  // as stored
    Type type = Type::f32;
};

struct Request {
    int opA, opB;
    long long m, n, k, batches;
    const void *alpha, *beta;
    Operand a, b, c;
    int compute, algorithm;
};

[[noreturn]] void refuse(int status, const std::string& reason) { fail(Library::cublas, status, "%s", reason.c_str()); }

Type typeOf(const Operand& operand) {
    switch (operand.cudaType) {
        case 0: return Type::f32;
        case 1: return Type::f64;
        case 2: return Type::f16;
        case 14: return Type::bf16;
        default: refuse(CUBLAS_NOT_SUPPORTED, format("%s has type %d", operand.name, operand.cudaType));
    }
}

bool half(Type type) { return type == Type::f16 || type == Type::bf16; }

// The combinations of NVIDIA's table of cublasGemmEx that this simulator has.
Rounding checkTypes(const Request& r, const CublasHandle& handle) {
    bool same = r.a.type == r.b.type, single = same && r.a.type == Type::f32 && r.c.type == Type::f32;
    switch (r.compute) {
        case F64:
        case F64_PEDANTIC:
            if (same && r.a.type == Type::f64 && r.c.type == Type::f64) return Rounding::none;
            break;
        case F32:
        case F32_PEDANTIC:
            if (single) return r.compute == F32 && (handle.mathMode & 15) == 3 ? Rounding::tf32 : Rounding::none;
            if (same && half(r.a.type) && (r.c.type == Type::f32 || r.c.type == r.a.type)) return Rounding::none;
            break;
        case F32_TF32:
            if (single) return Rounding::tf32;
            break;
        case F32_16F:
            if (single) return Rounding::f16;
            break;
        case F32_16BF:
            if (single) return Rounding::bf16;
            break;
        default: break;
    }
    refuse(CUBLAS_NOT_SUPPORTED, format("types A %d, B %d, C %d with compute type %d", r.a.cudaType, r.b.cudaType,
                                        r.c.cudaType, r.compute));
}

using Ranges = std::vector<std::pair<uintptr_t, uintptr_t>>;

// Every column of every batch, in order of address, neighbours joined. Overlapping elements of C are refused.
Ranges ranges(const Operand& o, long long batches, bool output) {
    size_t size = bytesOf(o.type);
    Ranges all;
    for (long long batch = 0; batch < batches; batch++) {
        auto start = reinterpret_cast<uintptr_t>(o.data) + static_cast<size_t>(batch * o.stride) * size;
        for (long long column = 0; column < o.columns; column++) {
            auto from = start + static_cast<size_t>(column * o.ld) * size;
            all.push_back({from, from + static_cast<size_t>(o.rows) * size});
        }
    }
    std::sort(all.begin(), all.end());
    Ranges joined;
    for (auto& range : all) {
        if (joined.empty() || range.first > joined.back().second) {
            joined.push_back(range);
        } else {
            if (output && range.first < joined.back().second) {
                refuse(CUBLAS_INVALID_VALUE, format("batches of %s overlap: stride %lld, %lldx%lld with leading dimension %lld",
                                                    o.name, o.stride, o.rows, o.columns, o.ld));
            }
            joined.back().second = std::max(joined.back().second, range.second);
        }
    }
    return joined;
}

bool intersect(const Ranges& a, const Ranges& b) {
    for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (a[i].second <= b[j].first) {
            i++;
        } else if (b[j].second <= a[i].first) {
            j++;
        } else {
            return true;
        }
    }
    return false;
}

void checkOperand(const Operand& o, long long batches, int device) {
    if (o.ld < std::max(1LL, o.rows)) {
        refuse(CUBLAS_INVALID_VALUE, format("%s has %lld rows as stored, its leading dimension is %lld", o.name, o.rows, o.ld));
    }
    if (o.rows == 0 || o.columns == 0 || batches == 0) return;
    size_t size = bytesOf(o.type);
    if (reinterpret_cast<uintptr_t>(o.data) % size != 0) {
        refuse(CUBLAS_INVALID_VALUE, format("%s (%p) is not aligned to its elements of %zu bytes", o.name, o.data, size));
    }
    long long span = (o.columns - 1) * o.ld + o.rows, far = (batches - 1) * o.stride;
    if (far < 0) refuse(CUBLAS_INVALID_VALUE, format("%s has the negative stride %lld", o.name, o.stride));
    needDevice(o.data, static_cast<size_t>(far + span) * size, device, o.name);
}

double scalar(const void* pointer, bool wide) {
    return wide ? *static_cast<const double*>(pointer) : static_cast<double>(*static_cast<const float*>(pointer));
}

void checkScalar(const void* pointer, const char* name, const CublasHandle& handle, bool wide) {
    if (pointer == nullptr) refuse(CUBLAS_INVALID_VALUE, format("%s is a null pointer", name));
    if (handle.pointerMode == 1) {
        needDevice(pointer, wide ? 8 : 4, handle.device, name);
    } else {
        needHost(pointer, wide ? 8 : 4, name);
    }
}

void addAccesses(Work& work, const Ranges& ranges, bool write) {
    for (auto& [from, to] : ranges) work.accesses.push_back({reinterpret_cast<const void*>(from), to - from, write});
}

void multiplyAll(const Request& r, Rounding rounding, double alpha, double beta) {
    for (long long batch = 0; batch < r.batches; batch++) {
        auto at = [&](const Operand& o) { return o.data + static_cast<size_t>(batch * o.stride) * bytesOf(o.type); };
        Product p;
        p.m = static_cast<size_t>(r.m);
        p.n = static_cast<size_t>(r.n);
        p.k = static_cast<size_t>(r.k);
        p.a = {at(r.a), r.a.type, static_cast<size_t>(r.a.ld), r.opA != 0};
        p.b = {at(r.b), r.b.type, static_cast<size_t>(r.b.ld), r.opB != 0};
        p.c = const_cast<unsigned char*>(at(r.c));
        p.cType = r.c.type;
        p.ldc = static_cast<size_t>(r.c.ld);
        p.rounding = rounding;
        p.wide = r.compute == F64 || r.compute == F64_PEDANTIC;
        p.alpha = alpha;
        p.beta = beta;
        multiply(p);
    }
}

void gemm(void* handleGiven, Request r) {
    CublasHandle& handle = resolveCublas(handleGiven);
    for (int op : {r.opA, r.opB}) {
        if (op < 0 || op > 2) refuse(CUBLAS_INVALID_VALUE, format("%d is no operation on a matrix", op));
    }
    if (r.m < 0 || r.n < 0 || r.k < 0 || r.batches < 0) {
        refuse(CUBLAS_INVALID_VALUE, format("m %lld, n %lld, k %lld, %lld batches", r.m, r.n, r.k, r.batches));
    }
    if (r.algorithm < -1 || r.algorithm > 115) refuse(CUBLAS_INVALID_VALUE, format("%d is no algorithm", r.algorithm));
    r.a.rows = r.opA == 0 ? r.m : r.k;
    r.a.columns = r.opA == 0 ? r.k : r.m;
    r.b.rows = r.opB == 0 ? r.k : r.n;
    r.b.columns = r.opB == 0 ? r.n : r.k;
    r.c.rows = r.m;
    r.c.columns = r.n;
    for (Operand* o : {&r.a, &r.b, &r.c}) o->type = typeOf(*o);
    Rounding rounding = checkTypes(r, handle);
    bool wide = r.compute == F64 || r.compute == F64_PEDANTIC;
    checkScalar(r.alpha, "alpha", handle, wide);
    checkScalar(r.beta, "beta", handle, wide);
    if (r.m == 0 || r.n == 0 || r.batches == 0) return;
    for (const Operand* o : {&r.a, &r.b, &r.c}) checkOperand(*o, r.batches, handle.device);

    Work work;
    work.what = format("gemm %lldx%lldx%lld", r.m, r.n, r.k);
    Ranges a = ranges(r.a, r.batches, false), b = ranges(r.b, r.batches, false), c = ranges(r.c, r.batches, true);
    if (intersect(c, a)) refuse(CUBLAS_INVALID_VALUE, "C overlaps A");
    if (intersect(c, b)) refuse(CUBLAS_INVALID_VALUE, "C overlaps B");
    bool deviceScalars = handle.pointerMode == 1;
    double alpha = deviceScalars ? 0 : scalar(r.alpha, wide), beta = deviceScalars ? 0 : scalar(r.beta, wide);
    if (deviceScalars || alpha != 0) {
        addAccesses(work, a, false);
        addAccesses(work, b, false);
    }
    if (!deviceScalars && beta != 0) addAccesses(work, c, false);
    if (deviceScalars) {
        work.accesses.push_back({r.alpha, wide ? size_t{8} : size_t{4}, false});
        work.accesses.push_back({r.beta, wide ? size_t{8} : size_t{4}, false});
    }
    addAccesses(work, c, true);
    work.run = [=](Running&) {
        multiplyAll(r, rounding, deviceScalars ? scalar(r.alpha, wide) : alpha,
                    deviceScalars ? scalar(r.beta, wide) : beta);
    };
    enqueue(handle.stream, handle.device, std::move(work), "the handle's stream");
}

}  // namespace

extern "C" {

int cublasGemmEx(void* handle, int opA, int opB, int m, int n, int k, const void* alpha, const void* a, int aType, int lda,
                 const void* b, int bType, int ldb, const void* beta, void* c, int cType, int ldc, int compute,
                 int algorithm) {
    return call(Library::cublas, __func__, [&] {
        auto* first = static_cast<const unsigned char*>(a);
        auto* second = static_cast<const unsigned char*>(b);
        gemm(handle, {opA, opB, m, n, k, 1, alpha, beta, {"A", first, aType, lda, 0, 0, 0}, {"B", second, bType, ldb, 0, 0, 0},
                      {"C", static_cast<unsigned char*>(c), cType, ldc, 0, 0, 0}, compute, algorithm});
    });
}

int cublasGemmStridedBatchedEx(void* handle, int opA, int opB, int m, int n, int k, const void* alpha, const void* a,
                               int aType, int lda, long long strideA, const void* b, int bType, int ldb, long long strideB,
                               const void* beta, void* c, int cType, int ldc, long long strideC, int batches, int compute,
                               int algorithm) {
    return call(Library::cublas, __func__, [&] {
        auto* first = static_cast<const unsigned char*>(a);
        auto* second = static_cast<const unsigned char*>(b);
        gemm(handle, {opA, opB, m, n, k, batches, alpha, beta, {"A", first, aType, lda, strideA, 0, 0},
                      {"B", second, bType, ldb, strideB, 0, 0},
                      {"C", static_cast<unsigned char*>(c), cType, ldc, strideC, 0, 0}, compute, algorithm});
    });
}
}
