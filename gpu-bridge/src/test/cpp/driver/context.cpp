// libcuda.so.1, initialisation, contexts and errors. A context is a device's primary one; its handle is a number.
#include "../core/device.h"
#include "../core/status.h"

using namespace sim;

namespace {

constexpr uintptr_t CONTEXTS = 0x7f53000000000000ull;

void needResult(const void* pointer) {
    if (pointer == nullptr) fail(INVALID_VALUE, "there is no place for the result: a null pointer");
}

}  // namespace

extern "C" {

int cuInit(unsigned flags) {
    return callAlways(Library::driver, __func__, [&] {
        if (flags != 0) fail(INVALID_VALUE, "the flags must be 0, not %u", flags);
        if (options().devices == 0) fail(NO_DEVICE, "the simulator was told to have no device");
        driverInitialised(true);
    });
}

int cuDriverGetVersion(int* version) {
    return callAlways(Library::driver, __func__, [&] {
        needResult(version);
        *version = 13010;
    });
}

int cuDeviceGetCount(int* count) {
    return callAlways(Library::driver, __func__, [&] {
        needDriver();
        needResult(count);
        *count = options().devices;
    });
}

int cuDeviceGet(int* device, int ordinal) {
    return callAlways(Library::driver, __func__, [&] {
        needDriver();
        needResult(device);
        checkDevice(ordinal);
        *device = ordinal;
    });
}

int cuCtxGetCurrent(void** context) {
    return callAlways(Library::driver, __func__, [&] {
        needDriver();
        needResult(context);
        *context = contextIsCurrent() ? reinterpret_cast<void*>(CONTEXTS + static_cast<uintptr_t>(currentDevice())) : nullptr;
    });
}

int cuCtxSetCurrent(void* context) {
    return callAlways(Library::driver, __func__, [&] {
        needDriver();
        auto number = reinterpret_cast<uintptr_t>(context);
        if (number < CONTEXTS || number >= CONTEXTS + static_cast<uintptr_t>(options().devices)) {
            fail(INVALID_CONTEXT, "%p is not a context", context);
        }
        setCurrentDevice(static_cast<int>(number - CONTEXTS));
    });
}

int cuDevicePrimaryCtxRetain(void** context, int device) {
    return callAlways(Library::driver, __func__, [&] {
        needDriver();
        needResult(context);
        checkDevice(device);
        *context = reinterpret_cast<void*>(CONTEXTS + static_cast<uintptr_t>(device));
    });
}

int cuDevicePrimaryCtxRelease_v2(int device) {
    return callAlways(Library::driver, __func__, [&] {
        needDriver();
        checkDevice(device);
    });
}

int cuGetErrorName(int status, const char** name) {
    return callAlways(Library::driver, __func__, [&] {
        needResult(name);
        *name = driverErrorName(status);
        if (*name == nullptr) fail(INVALID_VALUE, "%d is no status of the driver", status);
    });
}

int cuGetErrorString(int status, const char** text) {
    return callAlways(Library::driver, __func__, [&] {
        needResult(text);
        *text = driverErrorName(status) == nullptr ? nullptr : cudaErrorText(status);
        if (*text == nullptr) fail(INVALID_VALUE, "%d is no status of the driver", status);
    });
}
}
