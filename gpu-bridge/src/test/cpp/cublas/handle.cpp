// libcublas.so.13, everything but products.
#include "handle.h"

#include <map>

#include "../core/device.h"
#include "../core/memory.h"
#include "../core/status.h"

namespace sim {

namespace {

std::map<void*, CublasHandle> handles;
uintptr_t nextHandle = 1;

}  // namespace

CublasHandle& resolveCublas(void* handle) {
    auto found = handles.find(handle);
    if (found == handles.end()) {
        fail(Library::cublas, CUBLAS_NOT_INITIALIZED, "%p is not a cuBLAS handle, or was destroyed", handle);
    }
    if (found->second.device != currentDevice()) {
        fail(Library::cublas, CUBLAS_INVALID_VALUE, "the handle belongs to device %d, the current device is %d",
             found->second.device, currentDevice());
    }
    return found->second;
}

void listCublas(std::vector<std::string>& into) {
    for (auto& [handle, state] : handles) into.push_back(format("cuBLAS handle of device %d", state.device));
}

void resetCublas() { handles.clear(); }

}  // namespace sim

using namespace sim;

extern "C" {

int cublasCreate_v2(void** handle) {
    return call(Library::cublas, __func__, [&] {
        if (handle == nullptr) fail(Library::cublas, CUBLAS_INVALID_VALUE, "there is no place for the handle: null");
        bindContext();
        *handle = reinterpret_cast<void*>(0x7f55000000000000ull + 64 * nextHandle++);
        handles[*handle].device = currentDevice();
    });
}

int cublasDestroy_v2(void* handle) {
    return callAlways(Library::cublas, __func__, [&] {
        CublasHandle& state = resolveCublas(handle);
        if (!isSpoiled(state.device)) synchronizeDevice(state.device);
        handles.erase(handle);
    });
}

int cublasSetStream_v2(void* handle, void* stream) {
    return call(Library::cublas, __func__, [&] {
        CublasHandle& state = resolveCublas(handle);
        int device = deviceOf(stream, "the stream");
        if (device != state.device) {
            fail(Library::cublas, CUBLAS_INVALID_VALUE, "the stream belongs to device %d, the handle to device %d", device,
                 state.device);
        }
        state.stream = stream;
    });
}

int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
    return call(Library::cublas, __func__, [&] {
        CublasHandle& state = resolveCublas(handle);
        if (bytes == 0) return;
        needDevice(workspace, bytes, state.device, "the workspace");
        if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0) {
            fail(Library::cublas, CUBLAS_INVALID_VALUE, "the workspace %p is not aligned to 256 bytes", workspace);
        }
    });
}

int cublasSetMathMode(void* handle, int mode) {
    return call(Library::cublas, __func__, [&] {
        CublasHandle& state = resolveCublas(handle);
        int kind = mode & 15;
        if (kind > 4 && kind != 8) fail(Library::cublas, CUBLAS_INVALID_VALUE, "%d is no math mode", mode);
        if (kind == 4 || kind == 8) fail(Library::cublas, CUBLAS_NOT_SUPPORTED, "the simulator emulates no precision");
        state.mathMode = mode;
    });
}

int cublasSetPointerMode_v2(void* handle, int mode) {
    return call(Library::cublas, __func__, [&] {
        CublasHandle& state = resolveCublas(handle);
        if (mode != 0 && mode != 1) fail(Library::cublas, CUBLAS_INVALID_VALUE, "%d is no pointer mode", mode);
        state.pointerMode = mode;
    });
}

int cublasGetPointerMode_v2(void* handle, int* mode) {
    return call(Library::cublas, __func__, [&] {
        if (mode == nullptr) fail(Library::cublas, CUBLAS_INVALID_VALUE, "there is no place for the result: null");
        *mode = resolveCublas(handle).pointerMode;
    });
}

int cublasGetVersion_v2(void*, int* version) {
    return callAlways(Library::cublas, __func__, [&] {
        if (version == nullptr) fail(Library::cublas, CUBLAS_INVALID_VALUE, "there is no place for the result: null");
        *version = 130200;
    });
}

const char* cublasGetStatusName(int status) {
    switch (status) {
        case 0: return "CUBLAS_STATUS_SUCCESS";
        case 1: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case 3: return "CUBLAS_STATUS_ALLOC_FAILED";
        case 7: return "CUBLAS_STATUS_INVALID_VALUE";
        case 8: return "CUBLAS_STATUS_ARCH_MISMATCH";
        case 11: return "CUBLAS_STATUS_MAPPING_ERROR";
        case 13: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case 14: return "CUBLAS_STATUS_INTERNAL_ERROR";
        case 15: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "CUBLAS_STATUS unknown";
    }
}

const char* cublasGetStatusString(int status) {
    switch (status) {
        case 0: return "success";
        case 1: return "the library was not initialized";
        case 3: return "the resource allocation failed";
        case 7: return "an unsupported value or parameter was passed to the function";
        case 13: return "the GPU program failed to execute";
        case 15: return "the requested functionality is not supported";
        default: return "an internal operation failed";
    }
}
}
