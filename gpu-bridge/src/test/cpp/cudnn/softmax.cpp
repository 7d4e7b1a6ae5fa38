// libcudnn_ops.so.9: softmax, forward and backward, over channels or over a whole instance.
#include <cmath>
#include <vector>

#include "../core/device.h"
#include "../core/memory.h"
#include "../core/status.h"
#include "descriptor.h"

using namespace sim;

namespace {

enum { FAST = 0, ACCURATE = 1, LOG = 2 };
enum { INSTANCE = 0, CHANNEL = 1 };

struct Tensor {
    const char* name;
    TensorDescriptor shape;
    void* data;

    size_t at(long long n, long long c, long long h, long long w) const {
        return static_cast<size_t>(n * shape.stride[0] + c * shape.stride[1] + h * shape.stride[2] + w * shape.stride[3]);
    }
};

// Indices of the elements of each softmax, one vector at a time.
template <class F>
void eachVector(const TensorDescriptor& d, int mode, F&& body) {
    Tensor t{"", d, nullptr};
    std::vector<size_t> indices;
    for (long long n = 0; n < d.size[0]; n++) {
        if (mode == INSTANCE) {
            indices.clear();
            for (long long c = 0; c < d.size[1]; c++)
                for (long long h = 0; h < d.size[2]; h++)
                    for (long long w = 0; w < d.size[3]; w++) indices.push_back(t.at(n, c, h, w));
            body(indices);
            continue;
        }
        for (long long h = 0; h < d.size[2]; h++) {
            for (long long w = 0; w < d.size[3]; w++) {
                indices.clear();
                for (long long c = 0; c < d.size[1]; c++) indices.push_back(t.at(n, c, h, w));
                body(indices);
            }
        }
    }
}

template <class T>
void put(const Tensor& to, size_t index, T value, double alpha, double beta) {
    T result = static_cast<T>(alpha) * value;
    if (beta != 0) result += static_cast<T>(beta) * static_cast<T>(load(to.data, to.shape.type, index));
    store(to.data, to.shape.type, index, static_cast<double>(result));
}

template <class T>
void forward(const Tensor& x, const Tensor& y, int algorithm, int mode, double alpha, double beta) {
    std::vector<T> e;
    eachVector(x.shape, mode, [&](const std::vector<size_t>& indices) {
        T largest = -INFINITY;
        for (size_t i : indices) {
            T value = static_cast<T>(load(x.data, x.shape.type, i));
            if (!(value <= largest)) largest = value;  // NaN too
        }
        T shift = algorithm == FAST ? T{0} : largest;
        e.clear();
        T sum = 0;
        for (size_t i : indices) {
            e.push_back(std::exp(static_cast<T>(load(x.data, x.shape.type, i)) - shift));
            sum += e.back();
        }
        for (size_t i = 0; i < indices.size(); i++) {
            T value = algorithm == LOG ? static_cast<T>(load(x.data, x.shape.type, indices[i])) - shift - std::log(sum)
                                       : e[i] / sum;
            put(y, indices[i], value, alpha, beta);
        }
    });
}

template <class T>
void backward(const Tensor& y, const Tensor& dy, const Tensor& dx, int algorithm, int mode, double alpha, double beta) {
    eachVector(y.shape, mode, [&](const std::vector<size_t>& indices) {
        auto of = [](const Tensor& t, size_t i) { return static_cast<T>(load(t.data, t.shape.type, i)); };
        T sum = 0;
        for (size_t i : indices) sum += algorithm == LOG ? of(dy, i) : of(y, i) * of(dy, i);
        for (size_t i : indices) {
            T value = algorithm == LOG ? of(dy, i) - std::exp(of(y, i)) * sum : of(y, i) * (of(dy, i) - sum);
            put(dx, i, value, alpha, beta);
        }
    });
}

bool overlap(const Tensor& a, const Tensor& b) {
    auto x = reinterpret_cast<uintptr_t>(a.data), y = reinterpret_cast<uintptr_t>(b.data);
    return x < y + b.shape.bytes() && y < x + a.shape.bytes();
}

double scalar(const void* pointer, Type type, const char* name) {
    if (pointer == nullptr) fail(Library::cudnn, CUDNN_BAD_PARAM_NULL, "%s is a null pointer", name);
    needHost(pointer, type == Type::f64 ? 8 : 4, name);
    return type == Type::f64 ? *static_cast<const double*>(pointer)
                             : static_cast<double>(*static_cast<const float*>(pointer));
}

// Common checks; then the output may lie exactly on `onto`, and otherwise on no input.
void check(const CudnnHandle& handle, int algorithm, int mode, const std::vector<Tensor>& inputs, const Tensor& output,
           const Tensor& onto) {
    if (algorithm < FAST || algorithm > LOG) fail(Library::cudnn, CUDNN_BAD_PARAM, "%d is no softmax algorithm", algorithm);
    if (mode != INSTANCE && mode != CHANNEL) fail(Library::cudnn, CUDNN_BAD_PARAM, "%d is no softmax mode", mode);
    for (const Tensor& input : inputs) {
        needDevice(input.data, input.shape.bytes(), handle.device, input.name);
        if (!input.shape.sameAs(output.shape)) {
            fail(Library::cudnn, 2008, "%s and %s have different sizes, strides or types", input.name, output.name);
        }
        bool exactlyOnto = input.data == onto.data && output.data == onto.data;
        if (overlap(input, output) && !exactlyOnto) {
            fail(Library::cudnn, CUDNN_BAD_PARAM, "%s overlaps %s", output.name, input.name);
        }
    }
    needDevice(output.data, output.shape.bytes(), handle.device, output.name);
    if (reinterpret_cast<uintptr_t>(output.data) % bytesOf(output.shape.type) != 0) {
        fail(Library::cudnn, 2003, "%s is not aligned to its elements", output.name);
    }
}

Work describe(const char* what, const std::vector<Tensor>& inputs, const Tensor& output, double beta) {
    Work work;
    const long long* s = output.shape.size;
    work.what = format("%s %lldx%lldx%lldx%lld", what, s[0], s[1], s[2], s[3]);
    for (const Tensor& input : inputs) work.accesses.push_back({input.data, input.shape.bytes(), false});
    if (beta != 0) work.accesses.push_back({output.data, output.shape.bytes(), false});
    work.accesses.push_back({output.data, output.shape.bytes(), true});
    return work;
}

}  // namespace

extern "C" {

int cudnnSoftmaxForward(void* handle, int algorithm, int mode, const void* alpha, void* xShape, const void* x,
                        const void* beta, void* yShape, void* y) {
    return call(Library::cudnn, __func__, [&] {
        CudnnHandle& state = resolveCudnn(handle);
        Tensor in{"x", resolveTensor(xShape, "xDesc"), const_cast<void*>(x)};
        Tensor out{"y", resolveTensor(yShape, "yDesc"), y};
        double a = scalar(alpha, in.shape.type, "alpha"), b = scalar(beta, in.shape.type, "beta");
        check(state, algorithm, mode, {in}, out, in);
        Work work = describe("softmax forward", {in}, out, b);
        work.run = [=](Running&) {
            if (in.shape.type == Type::f64) {
                forward<double>(in, out, algorithm, mode, a, b);
            } else {
                forward<float>(in, out, algorithm, mode, a, b);
            }
        };
        enqueue(state.stream, state.device, std::move(work), "the handle's stream");
    });
}

int cudnnSoftmaxBackward(void* handle, int algorithm, int mode, const void* alpha, void* yShape, const void* y,
                         void* dyShape, const void* dy, const void* beta, void* dxShape, void* dx) {
    return call(Library::cudnn, __func__, [&] {
        CudnnHandle& state = resolveCudnn(handle);
        Tensor result{"y", resolveTensor(yShape, "yDesc"), const_cast<void*>(y)};
        Tensor in{"dy", resolveTensor(dyShape, "dyDesc"), const_cast<void*>(dy)};
        Tensor out{"dx", resolveTensor(dxShape, "dxDesc"), dx};
        double a = scalar(alpha, in.shape.type, "alpha"), b = scalar(beta, in.shape.type, "beta");
        check(state, algorithm, mode, {result, in}, out, in);
        Work work = describe("softmax backward", {result, in}, out, b);
        work.run = [=](Running&) {
            if (in.shape.type == Type::f64) {
                backward<double>(result, in, out, algorithm, mode, a, b);
            } else {
                backward<float>(result, in, out, algorithm, mode, a, b);
            }
        };
        enqueue(state.stream, state.device, std::move(work), "the handle's stream");
    });
}
}
