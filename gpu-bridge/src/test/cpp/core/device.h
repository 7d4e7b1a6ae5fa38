// The simulated devices and what a thread has chosen: the current device, whether a driver context is current, and each
// device's sticky error. Also the options that tests set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace sim {

struct Options {
    int devices = 2;
    size_t memory = size_t{2} << 30;  // bytes of each device
    bool deferred = true;             // work waits for a synchronisation
    uint64_t seed = 1;                // order of streams, blocks and threads
    bool memcheck = false;            // every access of a kernel is looked at
    int major = 9, minor = 0;         // compute capability
    std::string cache;                // folder of compiled kernels
    std::string kernelHeader;         // the shim that kernels are compiled with
    std::string build;                // part of the kernels' cache key
};

Options& options();
void setOption(const std::string& name, const std::string& value);

// Limits of every simulated device (compute capability 9.0).
constexpr int WARP = 32;
constexpr unsigned MAX_THREADS = 1024;
constexpr unsigned MAX_BLOCK[3] = {1024, 1024, 64};
constexpr unsigned MAX_GRID[3] = {2147483647u, 65535u, 65535u};
constexpr size_t SHARED_STATIC = 48 * 1024;
constexpr size_t SHARED_OPTIN = 227 * 1024;
constexpr int MULTIPROCESSORS = 4;

std::mt19937_64& random();

// The calling thread's device; the runtime makes its context current at first use.
int currentDevice();
void setCurrentDevice(int device);
void checkDevice(int device);
void bindContext();            // what any runtime call that touches the device does
bool contextIsCurrent();       // what the driver API needs
void driverInitialised(bool yes);
void needDriver();             // fails unless cuInit or the runtime has run

size_t memoryInUse(int device);
void addMemoryInUse(int device, long long bytes);

// A sticky error spoils its device until reset: each later call returns it.
void setSticky(int device, int status, const std::string& reason);
int stickyError();
void throwSticky();                // of the current device
void throwStickyOf(int device);
bool isSpoiled(int device);

void resetDevices();

}  // namespace sim
