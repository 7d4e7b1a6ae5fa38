#include "copy.h"

#include <cstring>
#include <memory>
#include <vector>

#include "device.h"
#include "memory.h"
#include "status.h"

namespace sim {

namespace {

int inferKind(const void* to, const void* from) {
    Allocation* target = find(to);
    Allocation* source = find(from);
    bool toDevice = target != nullptr && target->space == Space::device;
    bool fromDevice = source != nullptr && source->space == Space::device;
    if (toDevice) return fromDevice ? DEVICE_TO_DEVICE : HOST_TO_DEVICE;
    return fromDevice ? DEVICE_TO_HOST : HOST_TO_HOST;
}

// The kind says what each side must be; the pointers must agree.
void checkDirection(const void* pointer, bool device, const char* side, int kind) {
    Allocation* a = find(pointer);
    bool isDevice = a != nullptr && a->space == Space::device;
    if (isDevice != device) {
        static const char* const KINDS[] = {"host to host", "host to device", "device to host", "device to device"};
        fail(INVALID_VALUE, "a copy %s, but the %s (%p) is %s memory", KINDS[kind], side, pointer,
             isDevice ? "device" : "host");
    }
}

bool overlap(const void* a, const void* b, size_t bytes) {
    auto x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
    return x < y + bytes && y < x + bytes;
}

// A device pointer of any device: copies between devices are peer copies.
void checkDevice(const void* pointer, size_t bytes, const char* side) {
    Allocation* a = find(pointer);
    needDevice(pointer, bytes, a == nullptr ? currentDevice() : a->device, side);
}

}  // namespace

void copyAsync(void* to, const void* from, size_t bytes, int kind, StreamHandle stream) {
    int device = deviceOf(stream, "the stream");
    if (kind < 0 || kind > INFER) fail(INVALID_MEMCPY_DIRECTION, "%d is no direction of a copy", kind);
    if (bytes == 0) return;
    if (to == nullptr || from == nullptr) fail(INVALID_VALUE, "the %s is a null pointer", to ? "source" : "target");
    if (kind == INFER) kind = inferKind(to, from);
    bool toDevice = kind == HOST_TO_DEVICE || kind == DEVICE_TO_DEVICE;
    bool fromDevice = kind == DEVICE_TO_HOST || kind == DEVICE_TO_DEVICE;
    checkDirection(to, toDevice, "target", kind);
    checkDirection(from, fromDevice, "source", kind);
    bool toPinned = false, fromPinned = false;
    if (toDevice) {
        checkDevice(to, bytes, "the target");
    } else {
        toPinned = needHost(to, bytes, "the target");
    }
    if (fromDevice) {
        checkDevice(from, bytes, "the source");
    } else {
        fromPinned = needHost(from, bytes, "the source");
    }
    if (overlap(to, from, bytes)) fail(INVALID_VALUE, "the target overlaps the source of a copy of %zu bytes", bytes);

    Work work;
    work.what = format("copy of %zu bytes", bytes);
    if (fromDevice || fromPinned) {
        work.accesses = {{from, bytes, false}, {to, bytes, true}};
        work.run = [=](Running&) { std::memcpy(to, from, bytes); };
    } else {
        auto* first = static_cast<const unsigned char*>(from);
        auto staged = std::make_shared<std::vector<unsigned char>>(first, first + bytes);
        work.accesses = {{to, bytes, true}};
        work.run = [=](Running&) { std::memcpy(to, staged->data(), bytes); };
    }
    // Until the copy is waited for, the host sees no number there.
    if (toPinned && options().deferred && !pendingAccess(to, bytes)) std::memset(to, POISON, bytes);
    enqueue(stream, device, std::move(work));
    if (!toDevice && !toPinned) synchronizeStream(stream);
}

void copyNow(void* to, const void* from, size_t bytes, int kind) {
    copyAsync(to, from, bytes, kind, nullptr);
    synchronizeStream(nullptr);
}

void fillAsync(void* to, int value, size_t bytes, StreamHandle stream) {
    int device = deviceOf(stream, "the stream");
    if (bytes == 0) return;
    needDevice(to, bytes, device, "the target");
    Work work;
    work.what = format("fill of %zu bytes", bytes);
    work.accesses = {{to, bytes, true}};
    work.run = [=](Running&) { std::memset(to, value, bytes); };
    enqueue(stream, device, std::move(work));
}

}  // namespace sim
