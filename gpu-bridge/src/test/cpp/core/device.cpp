#include "device.h"

#include <cstdlib>
#include <map>
#include <sstream>

#include "status.h"

namespace sim {

namespace {

struct DeviceState {
    size_t inUse = 0;
    int sticky = SUCCESS;
    std::string stickyReason;
};

std::map<int, DeviceState> states;
bool driverReady = false;
uint64_t generation = 1;  // contexts of before a reset are gone

struct ThreadState {
    int device = 0;
    uint64_t context = 0;
};
thread_local ThreadState thread;

long long number(const std::string& name, const std::string& value) {
    char* end = nullptr;
    long long result = std::strtoll(value.c_str(), &end, 10);
    if (value.empty() || *end || result < 0) {
        fail(INVALID_VALUE, "option %s must be a number of 0 or more, not '%s'", name.c_str(), value.c_str());
    }
    return result;
}

void set(Options& all, const std::string& name, const std::string& value) {
    if (name == "devices") {
        all.devices = static_cast<int>(number(name, value));
    } else if (name == "memory") {
        all.memory = static_cast<size_t>(number(name, value));
    } else if (name == "deferred") {
        all.deferred = number(name, value) != 0;
    } else if (name == "seed") {
        all.seed = static_cast<uint64_t>(number(name, value));
    } else if (name == "memcheck") {
        all.memcheck = number(name, value) != 0;
    } else if (name == "capability") {
        all.major = static_cast<int>(number(name, value) / 10);
        all.minor = static_cast<int>(number(name, value) % 10);
    } else if (name == "cache") {
        all.cache = value;
    } else if (name == "kernelHeader") {
        all.kernelHeader = value;
    } else if (name == "build") {
        all.build = value;
    } else {
        fail(INVALID_VALUE, "the simulator has no option '%s'", name.c_str());
    }
}

// "name=value;name=value": for processes that know nothing of the simulator.
Options fromEnvironment() {
    Options all;
    const char* text = std::getenv("CUDASIM_OPTIONS");
    std::istringstream options(text == nullptr ? "" : text);
    for (std::string option; std::getline(options, option, ';');) {
        size_t equals = option.find('=');
        if (equals == std::string::npos) fail(INVALID_VALUE, "CUDASIM_OPTIONS: '%s' has no value", option.c_str());
        set(all, option.substr(0, equals), option.substr(equals + 1));
    }
    return all;
}

}  // namespace

Options& options() {
    static Options all = fromEnvironment();
    return all;
}

void setOption(const std::string& name, const std::string& value) {
    set(options(), name, value);
    if (name == "seed") random().seed(options().seed);
}

std::mt19937_64& random() {
    static std::mt19937_64 generator(options().seed);
    return generator;
}

int currentDevice() {
    if (options().devices == 0) fail(NO_DEVICE, "the simulator was told to have no device");
    return thread.device;
}

void checkDevice(int device) {
    if (options().devices == 0) fail(NO_DEVICE, "the simulator was told to have no device");
    if (device < 0 || device >= options().devices) {
        fail(INVALID_DEVICE, "device %d of %d", device, options().devices);
    }
}

void setCurrentDevice(int device) {
    checkDevice(device);
    thread.device = device;
    bindContext();
}

void bindContext() {
    checkDevice(thread.device);
    thread.context = generation;
    driverReady = true;
}

bool contextIsCurrent() { return thread.context == generation; }

void driverInitialised(bool yes) { driverReady = yes; }

void needDriver() {
    if (!driverReady) fail(NOT_INITIALIZED, "the driver API before cuInit or any call of the runtime");
}

size_t memoryInUse(int device) { return states[device].inUse; }

void addMemoryInUse(int device, long long bytes) {
    states[device].inUse = static_cast<size_t>(static_cast<long long>(states[device].inUse) + bytes);
}

void setSticky(int device, int status, const std::string& reason) {
    DeviceState& state = states[device];
    if (state.sticky == SUCCESS) {
        state.sticky = status;
        state.stickyReason = reason;
    }
}

int stickyError() {
    auto found = states.find(thread.device);
    return found == states.end() ? SUCCESS : found->second.sticky;
}

bool isSpoiled(int device) {
    auto found = states.find(device);
    return found != states.end() && found->second.sticky != SUCCESS;
}

void throwStickyOf(int device) {
    if (!isSpoiled(device)) return;
    const DeviceState& state = states[device];
    throw Failure{Library::cudart, state.sticky, state.stickyReason + " (the device stays unusable)"};
}

void throwSticky() { throwStickyOf(thread.device); }

void resetDevices() {
    states.clear();
    generation++;
    driverReady = false;
    thread = ThreadState{};
    random().seed(options().seed);
}

}  // namespace sim
