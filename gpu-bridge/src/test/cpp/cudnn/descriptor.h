// cuDNN handles and 4-d tensor descriptors.
#pragma once

#include <string>
#include <vector>

#include "../core/numbers.h"
#include "../core/stream.h"

namespace sim {

enum CudnnStatus {
    CUDNN_NOT_INITIALIZED = 1001,
    CUDNN_BAD_PARAM = 2000,
    CUDNN_BAD_PARAM_NULL = 2002,
    CUDNN_NOT_SUPPORTED = 3000,
};

struct CudnnHandle {
    int device;
    StreamHandle stream = nullptr;
};

struct TensorDescriptor {
    bool set = false;
    Type type = Type::f32;
    long long size[4] = {};    // n, c, h, w
    long long stride[4] = {};  // in elements

    size_t elements() const { return static_cast<size_t>(size[0] * size[1] * size[2] * size[3]); }
    size_t bytes() const { return elements() * bytesOf(type); }
    bool sameAs(const TensorDescriptor& other) const {
        for (int i = 0; i < 4; i++) {
            if (size[i] != other.size[i] || stride[i] != other.stride[i]) return false;
        }
        return type == other.type;
    }
};

CudnnHandle& resolveCudnn(void* handle);
// Fails for a descriptor that was destroyed or never set. `what` names the argument.
TensorDescriptor& resolveTensor(void* descriptor, const char* what);

void listCudnn(std::vector<std::string>& into);
void resetCudnn();

}  // namespace sim
