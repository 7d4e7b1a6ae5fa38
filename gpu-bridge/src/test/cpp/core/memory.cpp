#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <new>

#include "device.h"
#include "status.h"

namespace sim {

namespace {

std::map<uintptr_t, std::unique_ptr<Allocation>> blocks;  // by the block's first address
std::deque<Allocation*> quarantine;
size_t quarantineBytes = 0;
constexpr size_t QUARANTINE = size_t{64} << 20;
uint64_t nextId = 1;

bool filled(const unsigned char* from, size_t bytes, unsigned char value) {
    if (bytes == 0) return true;
    return *from == value && std::memcmp(from, from + 1, bytes - 1) == 0;
}

size_t firstOther(const unsigned char* from, size_t bytes, unsigned char value) {
    size_t i = 0;
    while (i < bytes && from[i] == value) i++;
    return i;
}

// Broken zones are repaired, so that each is reported once.
void checkZones(Allocation& a) {
    unsigned char* after = a.base + a.bytes;
    size_t afterBytes = static_cast<size_t>(a.block + a.blockBytes - after);
    std::string finding;
    if (!filled(a.block, RED_ZONE, RED)) {
        finding = format("something wrote before the start of %s, %zu bytes before it", a.name().c_str(),
                         RED_ZONE - firstOther(a.block, RED_ZONE, RED));
    } else if (!filled(after, afterBytes, RED)) {
        finding = format("something wrote past the end of %s, %zu bytes past it", a.name().c_str(),
                         firstOther(after, afterBytes, RED));
    } else if (!a.live && !filled(a.base, a.bytes, POISON)) {
        finding = format("something wrote into %s after it was freed, at byte %zu", a.name().c_str(),
                         firstOther(a.base, a.bytes, POISON));
        std::memset(a.base, POISON, a.bytes);
    }
    if (finding.empty()) return;
    std::memset(a.block, RED, RED_ZONE);
    std::memset(after, RED, afterBytes);
    journal("red zone", finding);
    setSticky(a.device, ILLEGAL_ADDRESS, finding);
}

void drop(Allocation* a) {
    std::free(a->block);
    blocks.erase(reinterpret_cast<uintptr_t>(a->block));
}

}  // namespace

void Allocation::markWritten(size_t from, size_t size) {
    if (space != Space::device) return;
    size_t to = from + size;
    while (from < to && (from & 63) != 0) {
        written[from >> 6] |= uint64_t{1} << (from & 63);
        from++;
    }
    while (from + 64 <= to) {
        written[from >> 6] = ~uint64_t{0};
        from += 64;
    }
    while (from < to) {
        written[from >> 6] |= uint64_t{1} << (from & 63);
        from++;
    }
}

bool Allocation::allWritten(size_t from, size_t size) const {
    if (space != Space::device) return true;
    for (size_t i = from; i < from + size; i++) {
        if ((i & 63) == 0 && i + 64 <= from + size && written[i >> 6] == ~uint64_t{0}) {
            i += 63;
        } else if ((written[i >> 6] >> (i & 63) & 1) == 0) {
            return false;
        }
    }
    return true;
}

std::string Allocation::name() const {
    return space == Space::device
               ? format("allocation %llu (%zu bytes on device %d)", static_cast<unsigned long long>(id), bytes, device)
               : format("pinned allocation %llu (%zu bytes)", static_cast<unsigned long long>(id), bytes);
}

Allocation& allocate(Space space, size_t bytes) {
    int device = currentDevice();
    if (bytes == 0) fail(INVALID_VALUE, "an allocation of 0 bytes");
    if (space == Space::device && bytes > options().memory - std::min(options().memory, memoryInUse(device))) {
        fail(OUT_OF_MEMORY, "%zu bytes asked for, device %d has %zu bytes and %zu are in use", bytes, device,
             options().memory, memoryInUse(device));
    }
    size_t padded = (bytes + 255) / 256 * 256;
    size_t blockBytes = RED_ZONE + padded + RED_ZONE;
    auto* block = static_cast<unsigned char*>(std::aligned_alloc(256, blockBytes));
    if (block == nullptr) fail(OUT_OF_MEMORY, "the host has no %zu bytes for the simulator", blockBytes);
    auto a = std::make_unique<Allocation>();
    a->id = nextId++;
    a->space = space;
    a->device = device;
    a->base = block + RED_ZONE;
    a->bytes = bytes;
    a->block = block;
    a->blockBytes = blockBytes;
    std::memset(block, RED, blockBytes);
    std::memset(a->base, POISON, bytes);
    if (space == Space::device) {
        a->written.resize((bytes + 63) / 64);
        addMemoryInUse(device, static_cast<long long>(bytes));
    }
    Allocation& result = *a;
    blocks[reinterpret_cast<uintptr_t>(block)] = std::move(a);
    return result;
}

void release(Space space, void* pointer) {
    Allocation* a = find(pointer);
    const char* of = space == Space::device ? "cudaMalloc" : "cudaMallocHost";
    if (a == nullptr || a->space != space) {
        fail(INVALID_VALUE, "%p was not given by %s", pointer, of);
    }
    if (!a->live) fail(INVALID_VALUE, "%s is freed a second time", a->name().c_str());
    if (pointer != a->base) {
        fail(INVALID_VALUE, "%p is inside %s, not its start", pointer, a->name().c_str());
    }
    checkZones(*a);
    a->live = false;
    std::memset(a->base, POISON, a->bytes);
    if (space == Space::device) addMemoryInUse(a->device, -static_cast<long long>(a->bytes));
    quarantine.push_back(a);
    quarantineBytes += a->blockBytes;
    while (quarantineBytes > QUARANTINE && quarantine.size() > 1) {
        Allocation* oldest = quarantine.front();
        quarantine.pop_front();
        quarantineBytes -= oldest->blockBytes;
        checkZones(*oldest);
        drop(oldest);
    }
}

Allocation* find(const void* address) {
    auto next = blocks.upper_bound(reinterpret_cast<uintptr_t>(address));
    if (next == blocks.begin()) return nullptr;
    Allocation* a = std::prev(next)->second.get();
    auto offset = static_cast<size_t>(static_cast<const unsigned char*>(address) - a->block);
    return offset < a->blockBytes ? a : nullptr;
}

Allocation& needDevice(const void* address, size_t bytes, int device, const std::string& what) {
    if (address == nullptr) fail(INVALID_VALUE, "%s is a null pointer", what.c_str());
    Allocation* a = find(address);
    if (a == nullptr || a->space == Space::pinned) {
        fail(INVALID_VALUE, "%s (%p) is host memory, device memory is needed", what.c_str(), address);
    }
    if (!a->live) fail(INVALID_VALUE, "%s is in %s, which was freed", what.c_str(), a->name().c_str());
    if (a->device != device) {
        fail(INVALID_VALUE, "%s is in %s, but the work is on device %d", what.c_str(), a->name().c_str(), device);
    }
    if (!a->contains(address, bytes)) {
        long long start = static_cast<const unsigned char*>(address) - a->base;
        fail(INVALID_VALUE, "%s needs bytes %lld to %lld of %s", what.c_str(), start,
             start + static_cast<long long>(bytes), a->name().c_str());
    }
    return *a;
}

bool needHost(const void* address, size_t bytes, const std::string& what) {
    if (address == nullptr) fail(INVALID_VALUE, "%s is a null pointer", what.c_str());
    Allocation* a = find(address);
    if (a == nullptr) return false;
    if (a->space == Space::device) {
        fail(INVALID_MEMCPY_DIRECTION, "%s is in %s, host memory is needed", what.c_str(), a->name().c_str());
    }
    if (!a->live) fail(INVALID_VALUE, "%s is in %s, which was freed", what.c_str(), a->name().c_str());
    if (!a->contains(address, bytes)) {
        fail(INVALID_VALUE, "%s: %zu bytes from byte %lld of %s", what.c_str(), bytes,
             static_cast<long long>(static_cast<const unsigned char*>(address) - a->base), a->name().c_str());
    }
    return true;
}

void checkRedZones() {
    for (auto& [start, a] : blocks) {
        if (a->live) checkZones(*a);
    }
}

void listAllocations(std::vector<std::string>& into) {
    for (auto& [start, a] : blocks) {
        if (a->live) into.push_back(a->name());
    }
}

void resetMemory() {
    for (auto& [start, a] : blocks) {
        checkZones(*a);
        std::free(a->block);
    }
    blocks.clear();
    quarantine.clear();
    quarantineBytes = 0;
    nextId = 1;
}

}  // namespace sim
