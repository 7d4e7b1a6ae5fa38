// libcudart.so.13, memory.
#include "../core/memory.h"

#include "../core/copy.h"
#include "../core/device.h"
#include "../core/status.h"
#include "../core/stream.h"

using namespace sim;

namespace {

int allocateInto(const char* name, Space space, void** pointer, size_t bytes) {
    return call(Library::cudart, name, [&] {
        bindContext();
        if (pointer == nullptr) fail(INVALID_VALUE, "there is no place for the pointer: a null pointer");
        *pointer = nullptr;
        if (bytes != 0) *pointer = allocate(space, bytes).base;  // as CUDA: no bytes, no pointer, no error
    });
}

// Both frees wait for the device, as CUDA's do. Nothing promises that they do, so to rely on it is a finding.
int freeFrom(const char* name, Space space, void* pointer) {
    return callAlways(Library::cudart, name, [&] {
        bindContext();
        if (pointer == nullptr) return;
        Allocation* a = find(pointer);
        if (a != nullptr && a->live && !isSpoiled(a->device)) {
            if (pendingAccess(a->base, a->bytes)) {
                journal("free", format("%s of %s while work that touches it waits", name, a->name().c_str()));
            }
            synchronizeDevice(a->device);
        }
        release(space, pointer);
        throwSticky();
    });
}

}  // namespace

extern "C" {

int cudaMalloc(void** pointer, size_t bytes) { return allocateInto(__func__, Space::device, pointer, bytes); }

int cudaMallocHost(void** pointer, size_t bytes) { return allocateInto(__func__, Space::pinned, pointer, bytes); }

int cudaHostAlloc(void** pointer, size_t bytes, unsigned flags) {
    if (flags > 7) return call(Library::cudart, __func__, [&] { fail(INVALID_VALUE, "%u are no flags", flags); });
    return allocateInto(__func__, Space::pinned, pointer, bytes);
}

int cudaFree(void* pointer) { return freeFrom(__func__, Space::device, pointer); }

int cudaFreeHost(void* pointer) { return freeFrom(__func__, Space::pinned, pointer); }

int cudaMemGetInfo(size_t* free, size_t* total) {
    return call(Library::cudart, __func__, [&] {
        bindContext();
        if (free == nullptr || total == nullptr) fail(INVALID_VALUE, "there is no place for the result: a null pointer");
        *total = options().memory;
        *free = options().memory - memoryInUse(currentDevice());
    });
}

int cudaMemcpy(void* to, const void* from, size_t bytes, int kind) {
    return call(Library::cudart, __func__, [&] {
        bindContext();
        copyNow(to, from, bytes, kind);
    });
}

int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream) {
    return call(Library::cudart, __func__, [&] {
        bindContext();
        copyAsync(to, from, bytes, kind, stream);
    });
}

int cudaMemset(void* to, int value, size_t bytes) {
    return call(Library::cudart, __func__, [&] {
        bindContext();
        fillAsync(to, value, bytes, nullptr);
    });
}

int cudaMemsetAsync(void* to, int value, size_t bytes, void* stream) {
    return call(Library::cudart, __func__, [&] {
        bindContext();
        fillAsync(to, value, bytes, stream);
    });
}
}
