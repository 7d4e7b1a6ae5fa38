#include "status.h"

#include <cstdarg>
#include <cstdio>
#include <map>
#include <vector>

#include "device.h"

namespace sim {

namespace {

struct Name {
    int status;
    const char* runtime;
    const char* driver;
    const char* text;
};

const Name NAMES[] = {
    {SUCCESS, "cudaSuccess", "CUDA_SUCCESS", "no error"},
    {INVALID_VALUE, "cudaErrorInvalidValue", "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "cudaErrorMemoryAllocation", "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "cudaErrorInitializationError", "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {INVALID_CONFIGURATION, "cudaErrorInvalidConfiguration", "CUDA_ERROR_INVALID_VALUE",
     "invalid configuration argument"},
    {INVALID_DEVICE_POINTER, "cudaErrorInvalidDevicePointer", "CUDA_ERROR_INVALID_VALUE", "invalid device pointer"},
    {INVALID_MEMCPY_DIRECTION, "cudaErrorInvalidMemcpyDirection", "CUDA_ERROR_INVALID_VALUE",
     "invalid copy direction for memcpy"},
    {35, "cudaErrorInsufficientDriver", "CUDA_ERROR_UNKNOWN",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {NO_DEVICE, "cudaErrorNoDevice", "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "cudaErrorInvalidDevice", "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {INVALID_IMAGE, "cudaErrorInvalidKernelImage", "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {INVALID_CONTEXT, "cudaErrorDeviceUninitialized", "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "cudaErrorNoKernelImageForDevice", "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {INVALID_HANDLE, "cudaErrorInvalidResourceHandle", "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NOT_FOUND, "cudaErrorSymbolNotFound", "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NOT_READY, "cudaErrorNotReady", "CUDA_ERROR_NOT_READY", "device not ready"},
    {ILLEGAL_ADDRESS, "cudaErrorIllegalAddress", "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {LAUNCH_OUT_OF_RESOURCES, "cudaErrorLaunchOutOfResources", "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {702, "cudaErrorLaunchTimeout", "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {MISALIGNED_ADDRESS, "cudaErrorMisalignedAddress", "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {LAUNCH_FAILED, "cudaErrorLaunchFailure", "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {NOT_SUPPORTED, "cudaErrorNotSupported", "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {UNKNOWN, "cudaErrorUnknown", "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const Name* nameOf(int status) {
    for (const Name& name : NAMES) {
        if (name.status == status) return &name;
    }
    return nullptr;
}

struct Fault {
    long call;  // the n-th call from now, 1 is the next
    int status;
};

std::map<std::string, long> counts;
std::map<std::string, Fault> faults;
std::vector<std::string> lines;
std::string reason;
thread_local int threadLastError = SUCCESS;

std::string formatted(const char* text, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    std::string result(static_cast<size_t>(vsnprintf(nullptr, 0, text, again)), ' ');
    va_end(again);
    vsnprintf(result.data(), result.size() + 1, text, arguments);
    return result;
}

// A failure of the core inside a call of cuBLAS, cuDNN or NCCL comes out in that library's numbers.
int statusIn(Library library, const Failure& failure) {
    if (failure.library == library) return failure.status;
    bool argument = failure.status == INVALID_VALUE || failure.status == INVALID_DEVICE_POINTER ||
                    failure.status == INVALID_MEMCPY_DIRECTION;
    switch (library) {
        case Library::cublas:
            if (argument) return 7;
            return failure.status == INVALID_HANDLE ? 1 : failure.status == OUT_OF_MEMORY ? 3 : 13;
        case Library::cudnn:
            if (argument) return 2000;
            return failure.status == INVALID_HANDLE ? 1001 : failure.status == OUT_OF_MEMORY ? 4003 : 5000;
        case Library::nccl:
            return argument || failure.status == INVALID_HANDLE ? 4 : 1;
        case Library::nvrtc:
            return 11;
        default:
            return failure.status;
    }
}

int finish(Library library, const char* name, const Failure& failure) {
    int status = statusIn(library, failure);
    reason = std::string(name) + ": " + failure.reason;
    if (failure.status != NOT_READY) journal("error", reason);
    if (library == Library::cudart && status != NOT_READY) threadLastError = status;
    return status;
}

int run(Library library, const char* name, bool always, const std::function<void()>& body) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    counts[name]++;
    try {
        auto fault = faults.find(name);
        if (fault != faults.end() && --fault->second.call == 0) {
            int status = fault->second.status;
            faults.erase(fault);
            throw Failure{library, status, "a fault that the test asked for"};
        }
        if (!always) throwSticky();
        body();
        return SUCCESS;
    } catch (const Failure& failure) {
        return finish(library, name, failure);
    }
}

}  // namespace

std::string format(const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    std::string result = formatted(text, arguments);
    va_end(arguments);
    return result;
}

void fail(int status, const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    std::string sentence = formatted(text, arguments);
    va_end(arguments);
    throw Failure{Library::cudart, status, sentence};
}

void fail(Library library, int status, const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    std::string sentence = formatted(text, arguments);
    va_end(arguments);
    throw Failure{library, status, sentence};
}

std::recursive_mutex& lock() {
    static std::recursive_mutex mutex;
    return mutex;
}

void journal(const std::string& kind, const std::string& sentence) {
    constexpr size_t MOST = 1000;  // a loop over a broken kernel must not fill the memory
    std::string line = kind + ": " + sentence;
    if (lines.size() < MOST && (lines.empty() || lines.back() != line)) lines.push_back(line);
}

int call(Library library, const char* name, const std::function<void()>& body) {
    return run(library, name, false, body);
}

int callAlways(Library library, const char* name, const std::function<void()>& body) {
    return run(library, name, true, body);
}

const char* cudaErrorName(int status) {
    const Name* name = nameOf(status);
    return name ? name->runtime : "unrecognized error code";
}

const char* driverErrorName(int status) {
    const Name* name = nameOf(status);
    return name ? name->driver : nullptr;
}

const char* cudaErrorText(int status) {
    const Name* name = nameOf(status);
    return name ? name->text : "unrecognized error code";
}

int lastError(bool reset) {
    int status = threadLastError;
    if (status == SUCCESS) status = stickyError();
    if (reset) threadLastError = SUCCESS;
    return status;
}

void injectFault(const std::string& name, long call, int status) { faults[name] = Fault{call, status}; }

long callsOf(const std::string& name) {
    auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
}

std::string lastReason() { return reason; }

std::string journalText() {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
}

void clearJournal() { lines.clear(); }

void resetStatus() {
    counts.clear();
    faults.clear();
    lines.clear();
    reason.clear();
    threadLastError = SUCCESS;
}

}  // namespace sim
