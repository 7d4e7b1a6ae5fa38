// libcudnn_graph.so.9 and libcudnn_ops.so.9: handles and descriptors.
#include "descriptor.h"

#include <cstring>
#include <map>

#include "../core/device.h"
#include "../core/memory.h"
#include "../core/status.h"

namespace sim {

namespace {

std::map<void*, CudnnHandle> handles;
std::map<void*, TensorDescriptor> descriptors;
uintptr_t nextHandle = 1;

void* newHandle() { return reinterpret_cast<void*>(0x7f56000000000000ull + 64 * nextHandle++); }

void needResult(const void* pointer) {
    if (pointer == nullptr) fail(Library::cudnn, CUDNN_BAD_PARAM_NULL, "there is no place for the result: null");
}

}  // namespace

CudnnHandle& resolveCudnn(void* handle) {
    auto found = handles.find(handle);
    if (found == handles.end()) {
        fail(Library::cudnn, CUDNN_NOT_INITIALIZED, "%p is not a cuDNN handle, or was destroyed", handle);
    }
    if (found->second.device != currentDevice()) {
        fail(Library::cudnn, CUDNN_BAD_PARAM, "the handle belongs to device %d, the current device is %d",
             found->second.device, currentDevice());
    }
    return found->second;
}

TensorDescriptor& resolveTensor(void* descriptor, const char* what) {
    auto found = descriptors.find(descriptor);
    if (found == descriptors.end()) {
        fail(Library::cudnn, CUDNN_BAD_PARAM, "%s (%p) is not a tensor descriptor, or was destroyed", what, descriptor);
    }
    if (!found->second.set) fail(Library::cudnn, CUDNN_BAD_PARAM, "%s was never set", what);
    return found->second;
}

void listCudnn(std::vector<std::string>& into) {
    for (auto& [handle, state] : handles) into.push_back(format("cuDNN handle of device %d", state.device));
    for (size_t i = 0; i < descriptors.size(); i++) into.push_back("cuDNN tensor descriptor");
}

void resetCudnn() {
    handles.clear();
    descriptors.clear();
}

}  // namespace sim

using namespace sim;

extern "C" {

size_t cudnnGetVersion() { return 91900; }

int cudnnCreate(void** handle) {
    return call(Library::cudnn, __func__, [&] {
        needResult(handle);
        bindContext();
        *handle = newHandle();
        handles[*handle].device = currentDevice();
    });
}

int cudnnDestroy(void* handle) {
    return callAlways(Library::cudnn, __func__, [&] {
        CudnnHandle& state = resolveCudnn(handle);
        if (!isSpoiled(state.device)) synchronizeDevice(state.device);
        handles.erase(handle);
    });
}

int cudnnSetStream(void* handle, void* stream) {
    return call(Library::cudnn, __func__, [&] {
        CudnnHandle& state = resolveCudnn(handle);
        int device = deviceOf(stream, "the stream");
        if (device != state.device) {
            fail(Library::cudnn, 2007, "the stream belongs to device %d, the handle to device %d", device, state.device);
        }
        state.stream = stream;
    });
}

int cudnnCreateTensorDescriptor(void** descriptor) {
    return callAlways(Library::cudnn, __func__, [&] {
        needResult(descriptor);
        *descriptor = newHandle();
        descriptors[*descriptor] = {};
    });
}

int cudnnDestroyTensorDescriptor(void* descriptor) {
    return callAlways(Library::cudnn, __func__, [&] {
        if (descriptors.erase(descriptor) == 0) {
            fail(Library::cudnn, CUDNN_BAD_PARAM, "%p is not a tensor descriptor, or was destroyed", descriptor);
        }
    });
}

int cudnnSetTensor4dDescriptor(void* descriptor, int layout, int type, int n, int c, int h, int w) {
    return callAlways(Library::cudnn, __func__, [&] {
        auto found = descriptors.find(descriptor);
        if (found == descriptors.end()) {
            fail(Library::cudnn, CUDNN_BAD_PARAM, "%p is not a tensor descriptor, or was destroyed", descriptor);
        }
        if (layout != 0 && layout != 1) fail(Library::cudnn, CUDNN_NOT_SUPPORTED, "layout %d", layout);
        if (n < 1 || c < 1 || h < 1 || w < 1) {
            fail(Library::cudnn, CUDNN_BAD_PARAM, "a tensor of %dx%dx%dx%d: no size may be less than 1", n, c, h, w);
        }
        TensorDescriptor made;
        switch (type) {
            case 0: made.type = Type::f32; break;
            case 1: made.type = Type::f64; break;
            case 2: made.type = Type::f16; break;
            case 9: made.type = Type::bf16; break;
            default: fail(Library::cudnn, CUDNN_NOT_SUPPORTED, "the simulator has no cuDNN data type %d", type);
        }
        long long size[4] = {n, c, h, w};
        std::memcpy(made.size, size, sizeof size);
        // NCHW or NHWC, fully packed.
        const int order[2][4] = {{3, 2, 1, 0}, {1, 3, 2, 0}};
        long long stride = 1;
        for (int axis : order[layout]) {
            made.stride[axis] = stride;
            stride *= size[axis];
        }
        if (stride > 2147483647LL) fail(Library::cudnn, CUDNN_NOT_SUPPORTED, "a tensor of %lld elements", stride);
        made.set = true;
        found->second = made;
    });
}

const char* cudnnGetErrorString(int status) {
    switch (status) {
        case 0: return "CUDNN_STATUS_SUCCESS";
        case 1001: return "CUDNN_STATUS_NOT_INITIALIZED";
        case 2000: return "CUDNN_STATUS_BAD_PARAM";
        case 2002: return "CUDNN_STATUS_BAD_PARAM_NULL_POINTER";
        case 2007: return "CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH";
        case 2008: return "CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH";
        case 3000: return "CUDNN_STATUS_NOT_SUPPORTED";
        case 4003: return "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED";
        case 5000: return "CUDNN_STATUS_EXECUTION_FAILED";
        default: return "CUDNN_STATUS unknown";
    }
}

void cudnnGetLastErrorString(char* message, size_t bytes) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    if (message == nullptr || bytes == 0) return;
    std::strncpy(message, lastReason().c_str(), bytes - 1);
    message[bytes - 1] = 0;
}
}
