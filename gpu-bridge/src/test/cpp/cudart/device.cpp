// libcudart.so.13, devices and errors.
#include <cstring>

#include "../core/device.h"
#include "../core/memory.h"
#include "../core/status.h"
#include "../core/stream.h"
#include "properties.h"

using namespace sim;

namespace {

constexpr int VERSION = 13010;

template <class T>
T* needResult(T* pointer) {
    if (pointer == nullptr) fail(INVALID_VALUE, "there is no place for the result: a null pointer");
    return pointer;
}

}  // namespace

extern "C" {

int cudaGetDeviceCount(int* count) {
    return callAlways(Library::cudart, __func__, [&] {
        *needResult(count) = options().devices;
        if (options().devices == 0) fail(NO_DEVICE, "the simulator was told to have no device");
    });
}

int cudaSetDevice(int device) {
    return callAlways(Library::cudart, __func__, [&] {
        setCurrentDevice(device);
        throwStickyOf(device);
    });
}

int cudaGetDevice(int* device) {
    return callAlways(Library::cudart, __func__, [&] { *needResult(device) = currentDevice(); });
}

int cudaDeviceGetAttribute(int* value, int attribute, int device) {
    return callAlways(Library::cudart, __func__, [&] {
        checkDevice(device);
        *needResult(value) = deviceAttribute(attribute);
    });
}

int cudaGetDeviceProperties(DeviceProperties* properties, int device) {
    return callAlways(Library::cudart, __func__, [&] {
        checkDevice(device);
        describeDevice(*needResult(properties), device);
    });
}

int cudaRuntimeGetVersion(int* version) {
    return callAlways(Library::cudart, __func__, [&] { *needResult(version) = VERSION; });
}

int cudaDriverGetVersion(int* version) {
    return callAlways(Library::cudart, __func__, [&] { *needResult(version) = VERSION; });
}

int cudaDeviceCanAccessPeer(int* can, int device, int peer) {
    return callAlways(Library::cudart, __func__, [&] {
        checkDevice(device);
        checkDevice(peer);
        *needResult(can) = device != peer;
    });
}

int cudaDeviceSynchronize() {
    return call(Library::cudart, __func__, [&] {
        bindContext();
        synchronizeDevice(currentDevice());
    });
}

int cudaGetLastError() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return lastError(true);
}

int cudaPeekAtLastError() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return lastError(false);
}

const char* cudaGetErrorName(int status) { return cudaErrorName(status); }

const char* cudaGetErrorString(int status) { return cudaErrorText(status); }
}
