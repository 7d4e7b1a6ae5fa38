// How a simulated call fails: it throws Failure with the status and one precise sentence, and the exported function's
// `call` wrapper turns that into the library's return value, keeps the sentence as the last reason and writes it in the
// journal that tests read. Numbers are NVIDIA's (cudaError_t and CUresult share theirs).
#pragma once

#include <functional>
#include <mutex>
#include <string>

namespace sim {

enum CudaStatus {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    INVALID_CONFIGURATION = 9,
    INVALID_DEVICE_POINTER = 17,
    INVALID_MEMCPY_DIRECTION = 21,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_OUT_OF_RESOURCES = 701,
    MISALIGNED_ADDRESS = 716,
    LAUNCH_FAILED = 719,
    NOT_SUPPORTED = 801,
    UNKNOWN = 999,
};

// Whose numbers a status is in.
enum class Library { cudart, driver, nvrtc, cublas, cudnn, nccl };

struct Failure {
    Library library;  // cudart stands for the driver too
    int status;
    std::string reason;
};

std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));

// Throws a Failure in CUDA's numbers.
[[noreturn]] void fail(int status, const char* text, ...) __attribute__((format(printf, 2, 3)));

// Throws a Failure in the numbers of another library.
[[noreturn]] void fail(Library library, int status, const char* text, ...) __attribute__((format(printf, 3, 4)));

// The one lock of the simulator. Work of the devices runs under it, on the thread that synchronises.
std::recursive_mutex& lock();

// The journal: every refused call and every finding (a race, a red zone, a read of memory nobody wrote) is one line,
// "kind: sentence", in the order they were seen.
void journal(const std::string& kind, const std::string& sentence);

// Runs one API call: counts it, injects a fault if one is due, returns a sticky error of the current device, and maps a
// Failure to the library's own status.
int call(Library library, const char* name, const std::function<void()>& body);

// As `call`, for functions that work in spite of a sticky error (they clean up, or only tell what is there).
int callAlways(Library library, const char* name, const std::function<void()>& body);

const char* cudaErrorName(int status);
const char* driverErrorName(int status);
const char* cudaErrorText(int status);

// cudaGetLastError and cudaPeekAtLastError of this thread.
int lastError(bool reset);

// Test control.
void injectFault(const std::string& name, long call, int status);
long callsOf(const std::string& name);
std::string lastReason();
std::string journalText();
void clearJournal();
void resetStatus();

}  // namespace sim
