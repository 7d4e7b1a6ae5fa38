// libcuda.so.1, modules, functions and launches.
#include "module.h"

#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <map>
#include <memory>
#include <sstream>
#include <sys/uio.h>
#include <unistd.h>

#include "../core/device.h"
#include "../core/memory.h"
#include "../core/status.h"

using namespace sim;

namespace {

struct Module {
    int device;
    bool unloaded = false;
    void* library = nullptr;
    std::map<std::string, unsigned> bounds;
    std::map<std::string, void*> functions;
};

struct Function {
    void* module;
    LoadedKernel kernel;
};

std::map<void*, Module> modules;
std::map<void*, Function> functions;
uintptr_t nextHandle = 1;

void* newHandle() { return reinterpret_cast<void*>(0x7f54000000000000ull + 64 * nextHandle++); }

void needContext() {
    needDriver();
    if (!contextIsCurrent()) {
        fail(INVALID_CONTEXT, "no context is current on this thread: call cudaSetDevice or cuCtxSetCurrent on it first");
    }
}

Module& resolveModule(void* handle) {
    auto found = modules.find(handle);
    if (found == modules.end()) fail(INVALID_HANDLE, "%p is not a module", handle);
    if (found->second.unloaded) fail(INVALID_HANDLE, "the module was unloaded");
    return found->second;
}

void findImage(LoadedKernel& kernel) {
    auto visit = [](dl_phdr_info* info, size_t, void* data) {
        auto* k = static_cast<LoadedKernel*>(data);
        auto description = reinterpret_cast<uintptr_t>(k->description);
        uintptr_t low = ~uintptr_t{0}, high = 0;
        for (int i = 0; i < info->dlpi_phnum; i++) {
            if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
            uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            low = std::min(low, start);
            high = std::max(high, start + info->dlpi_phdr[i].p_memsz);
        }
        if (description < low || description >= high) return 0;
        k->imageStart = low;
        k->imageEnd = high;
        return 1;
    };
    dl_iterate_phdr(visit, &kernel);
}

void load(void** module, const void* image) {
    needContext();
    if (module == nullptr || image == nullptr) fail(INVALID_VALUE, "the %s is null", module ? "image" : "module");
    auto* text = static_cast<const char*>(image);
    if (std::strncmp(text, "CUDASIM\n", 8) != 0) {
        fail(INVALID_IMAGE, "the image does not come from the simulator's NVRTC");
    }
    std::istringstream lines(text + 8);
    std::string library, name;
    std::getline(lines, library);
    Module loaded;
    loaded.device = currentDevice();
    unsigned bound = 0;
    while (lines >> name >> bound) loaded.bounds[name] = bound;
    loaded.library = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (loaded.library == nullptr) fail(INVALID_IMAGE, "%s", dlerror());
    *module = newHandle();
    modules[*module] = loaded;
}

bool readable(const void* address, size_t bytes) {
    std::vector<unsigned char> sink(bytes);
    iovec local{sink.data(), bytes}, remote{const_cast<void*>(address), bytes};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(bytes);
}

void checkSizes(const LoadedKernel& kernel, const Launch& launch) {
    const unsigned grid[3] = {launch.grid.x, launch.grid.y, launch.grid.z};
    const unsigned block[3] = {launch.block.x, launch.block.y, launch.block.z};
    for (int i = 0; i < 3; i++) {
        if (grid[i] == 0 || grid[i] > MAX_GRID[i]) {
            fail(INVALID_VALUE, "kernel '%s': a grid of %ux%ux%u blocks, %c must be 1 to %u", kernel.name.c_str(), grid[0],
                 grid[1], grid[2], "xyz"[i], MAX_GRID[i]);
        }
        if (block[i] == 0 || block[i] > MAX_BLOCK[i]) {
            fail(INVALID_VALUE, "kernel '%s': a block of %ux%ux%u threads, %c must be 1 to %u", kernel.name.c_str(),
                 block[0], block[1], block[2], "xyz"[i], MAX_BLOCK[i]);
        }
    }
    if (launch.threads() > MAX_THREADS) {
        fail(INVALID_VALUE, "kernel '%s': a block of %zu threads, at most %u", kernel.name.c_str(), launch.threads(),
             MAX_THREADS);
    }
    if (launch.threads() > kernel.boundThreads) {
        fail(LAUNCH_OUT_OF_RESOURCES, "kernel '%s': a block of %zu threads, its __launch_bounds__ say %u",
             kernel.name.c_str(), launch.threads(), kernel.boundThreads);
    }
    if (launch.dynamicShared > kernel.dynamicLimit) {
        fail(INVALID_VALUE, "kernel '%s': %zu bytes of dynamic shared memory, its limit is %zu", kernel.name.c_str(),
             launch.dynamicShared, kernel.dynamicLimit);
    }
}

// Copies the arguments, and looks at each pointer among them.
void readArguments(const LoadedKernel& kernel, void** parameters, int device, Launch& launch, Work& work) {
    const cudasim_kernel& description = *kernel.description;
    if (description.parameters > 0 && parameters == nullptr) {
        fail(INVALID_VALUE, "kernel '%s' has %d parameters, none given", kernel.name.c_str(), description.parameters);
    }
    if (!readable(parameters, sizeof(void*) * static_cast<size_t>(description.parameters))) {
        fail(INVALID_VALUE, "kernel '%s' has %d parameters, fewer given", kernel.name.c_str(), description.parameters);
    }
    for (int i = 0; i < description.parameters; i++) {
        const cudasim_parameter& p = description.parameter[i];
        std::string what = format("parameter %d of kernel '%s'", i, kernel.name.c_str());
        if (parameters[i] == nullptr || !readable(parameters[i], p.bytes)) {
            fail(INVALID_VALUE, "%s (%u bytes) cannot be read at %p: are there too few parameters?", what.c_str(), p.bytes,
                 parameters[i]);
        }
        size_t at = (launch.bytes.size() + p.alignment - 1) / p.alignment * p.alignment;
        launch.bytes.resize(at + p.bytes);
        std::memcpy(launch.bytes.data() + at, parameters[i], p.bytes);
        launch.offsets.push_back(at);
        if (p.pointer == 0) continue;
        void* value = nullptr;
        std::memcpy(&value, parameters[i], sizeof value);
        if (value == nullptr) continue;  // a kernel may ask for null
        Allocation* a = find(value);
        if (a == nullptr || a->space != Space::pinned) needDevice(value, 0, device, what);
        if (p.pointee != 0 && reinterpret_cast<uintptr_t>(value) % std::min(p.pointee, 16u) != 0 &&
            (p.pointee & (p.pointee - 1)) == 0) {
            fail(MISALIGNED_ADDRESS, "%s: %p is not aligned to the %u bytes of its type", what.c_str(), value, p.pointee);
        }
        work.pointers.push_back(value);
    }
}

}  // namespace

namespace sim {

LoadedKernel& resolveFunction(void* handle, int device) {
    auto found = functions.find(handle);
    if (found == functions.end()) fail(INVALID_HANDLE, "%p is not a function", handle);
    Module& module = resolveModule(found->second.module);
    if (module.device != device) {
        fail(INVALID_HANDLE, "kernel '%s' was loaded on device %d, the current device is %d",
             found->second.kernel.name.c_str(), module.device, device);
    }
    return found->second.kernel;
}

void listModules(std::vector<std::string>& into) {
    for (auto& [handle, module] : modules) {
        if (!module.unloaded) into.push_back(format("module on device %d", module.device));
    }
}

// Libraries stay open: a queued kernel, or a second load, may need them.
void resetModules() {
    modules.clear();
    functions.clear();
}

}  // namespace sim

extern "C" {

int cuModuleLoadData(void** module, const void* image) {
    return call(Library::driver, __func__, [&] { load(module, image); });
}

int cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) {
    return call(Library::driver, __func__, [&] { load(module, image); });
}

int cuModuleUnload(void* module) {
    return callAlways(Library::driver, __func__, [&] {
        needContext();
        Module& gone = resolveModule(module);
        if (!isSpoiled(gone.device)) synchronizeDevice(gone.device);
        gone.unloaded = true;
    });
}

int cuModuleGetFunction(void** function, void* module, const char* name) {
    return call(Library::driver, __func__, [&] {
        needContext();
        if (function == nullptr || name == nullptr) fail(INVALID_VALUE, "the %s is null", name ? "function" : "name");
        Module& from = resolveModule(module);
        auto known = from.functions.find(name);
        if (known != from.functions.end()) {
            *function = known->second;
            return;
        }
        void* symbol = from.bounds.count(name) == 0 ? nullptr
                                                    : dlsym(from.library, (std::string("cudasim_kernel_") + name).c_str());
        if (symbol == nullptr) fail(NOT_FOUND, "the module has no kernel '%s'", name);
        Function made{module, {}};
        made.kernel.name = name;
        made.kernel.description = static_cast<const cudasim_kernel*>(symbol);
        made.kernel.context = static_cast<cudasim_context*>(dlsym(from.library, "cudasim_ctx"));
        auto* bounds = reinterpret_cast<unsigned char* (*)(int)>(dlsym(from.library, "cudasim_shared_bound"));
        made.kernel.sharedStart = bounds(0);
        made.kernel.sharedEnd = bounds(1);
        made.kernel.instrumented = *static_cast<int*>(dlsym(from.library, "cudasim_instrumented")) != 0;
        made.kernel.boundThreads = from.bounds[name];
        findImage(made.kernel);
        *function = newHandle();
        functions[*function] = made;
        from.functions[name] = *function;
    });
}

int cuFuncSetAttribute(void* function, int attribute, int value) {
    return call(Library::driver, __func__, [&] {
        needContext();
        LoadedKernel& kernel = resolveFunction(function, currentDevice());
        constexpr int MAX_DYNAMIC_SHARED = 8, PREFERRED_CARVEOUT = 9;
        if (attribute == PREFERRED_CARVEOUT) return;
        if (attribute != MAX_DYNAMIC_SHARED) fail(INVALID_VALUE, "the simulator cannot set attribute %d", attribute);
        if (value < 0 || static_cast<size_t>(value) > SHARED_OPTIN) {
            fail(INVALID_VALUE, "%d bytes of dynamic shared memory, at most %zu", value, SHARED_OPTIN);
        }
        kernel.dynamicLimit = static_cast<size_t>(value);
    });
}

int cuLaunchKernel(void* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                   unsigned blockZ, unsigned shared, void* stream, void** parameters, void** extra) {
    return call(Library::driver, __func__, [&] {
        needContext();
        int device = currentDevice();
        LoadedKernel& kernel = resolveFunction(function, device);
        if (extra != nullptr) fail(NOT_SUPPORTED, "the simulator takes parameters, not `extra`");
        auto launch = std::make_shared<Launch>();
        launch->kernel = &kernel;
        launch->grid = {gridX, gridY, gridZ};
        launch->block = {blockX, blockY, blockZ};
        launch->dynamicShared = shared;
        checkSizes(kernel, *launch);
        Work work;
        work.what = "kernel '" + kernel.name + "'";
        readArguments(kernel, parameters, device, *launch, work);
        work.run = [launch](Running& running) { runLaunch(*launch, running); };
        enqueue(stream, device, std::move(work));
    });
}
}
