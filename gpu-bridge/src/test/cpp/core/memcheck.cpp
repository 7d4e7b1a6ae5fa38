#include "memcheck.h"

#include <array>
#include <cstring>
#include <unordered_map>

#include "device.h"
#include "memory.h"
#include "status.h"

namespace sim {

namespace {

// Who touched four bytes last in this launch. Threads of a block are ordered by barriers (`epoch`), lanes of a warp also
// by warp operations (`warpEpoch`); blocks are never ordered.
struct Touch {
    uint32_t launch = 0;
    uint32_t block = 0;
    uint32_t epoch = 0;
    uint32_t warpEpoch = 0;
    uint16_t thread = 0;
    uint8_t bytes = 0;  // which of the four
    uint8_t spread = 0;   // unordered readers before this one: none, of this warp, of this block, of other blocks
    bool atomic = false;
};

struct Word {
    Touch write;
    Touch read;
};

struct Shadow {
    std::vector<Word> words;
    Word& at(size_t word) {
        if (words.size() <= word) words.resize(std::max(word + 1, words.size() * 2));
        return words[word];
    }
};

struct Region {
    uintptr_t start = 0;
    size_t bytes = 0;
    bool holds(uintptr_t address, size_t size) const { return address - start < bytes && size <= bytes - (address - start); }
};

bool active = false;
Launch* launch = nullptr;
Running* running = nullptr;
const FiberPool* pool = nullptr;
Region dynamicShared, staticShared, image;
uint32_t launchNumber = 0, blockNumber = 0, epoch = 0;
uint16_t thread = 0;
std::array<uint32_t, 32> warpEpochs;
Allocation* last = nullptr;
bool raceReported = false, uninitialisedReported = false;
std::unordered_map<uint64_t, Shadow> shadows;  // by allocation; the shared ones are 0 and ~0
Shadow* lastShadow = nullptr;
// Granules of the last allocation that this launch has already shown to the stream detector.
size_t lastGranule[2];
std::vector<uint64_t> sharedWritten[2];

enum Spread : uint8_t { ONE_THREAD, ONE_WARP, ONE_BLOCK, MANY_BLOCKS };

Spread between(const Touch& other) {
    if (other.block != blockNumber) return MANY_BLOCKS;
    if (other.thread / WARP != thread / WARP) return ONE_BLOCK;
    return other.thread == thread ? ONE_THREAD : ONE_WARP;
}

// Happened before the running thread, or is the thread itself.
bool ordered(const Touch& other) {
    if (other.launch != launchNumber) return true;
    auto spread = std::max<uint8_t>(other.spread, between(other));
    if (spread == MANY_BLOCKS) return false;
    if (other.epoch != epoch || spread == ONE_THREAD) return true;
    return spread == ONE_WARP && other.warpEpoch != warpEpochs[thread / WARP];
}

void reportRace(const std::string& where, size_t offset, bool write, bool otherWrite, const Touch& other) {
    if (raceReported) return;
    raceReported = true;
    journal("race", format("%s %s byte %zu of %s, which thread %u of %s %s without a barrier between",
                           whereInKernel().c_str(), write ? "writes" : "reads", offset, where.c_str(), other.thread,
                           other.block == blockNumber ? "the same block" : "another block",
                           otherWrite ? "writes" : "reads"));
}

void touch(Shadow& shadow, const std::string& (*name)(), size_t offset, size_t bytes, bool write, bool atomic) {
    for (size_t word = offset / 4; word <= (offset + bytes - 1) / 4; word++) {
        size_t from = std::max(offset, word * 4) - word * 4, to = std::min(offset + bytes, word * 4 + 4) - word * 4;
        auto mask = static_cast<uint8_t>(((1u << to) - 1) & ~((1u << from) - 1));
        Word& cell = shadow.at(word);
        auto conflict = [&](const Touch& other) {
            return (other.bytes & mask) != 0 && !(atomic && other.atomic) && !ordered(other);
        };
        if (conflict(cell.write)) reportRace(name(), offset, write, true, cell.write);
        if (write && conflict(cell.read)) reportRace(name(), offset, write, false, cell.read);
        Touch& mine = write ? cell.write : cell.read;
        uint8_t spread = ONE_THREAD;
        if (!write && !ordered(mine)) spread = std::max<uint8_t>(mine.spread, between(mine));
        mine.launch = launchNumber;
        mine.block = blockNumber;
        mine.epoch = epoch;
        mine.warpEpoch = warpEpochs[thread / WARP];
        mine.thread = thread;
        mine.bytes = mask;
        mine.spread = spread;
        mine.atomic = atomic;
    }
}

const std::string& sharedName() {
    static const std::string name = "shared memory";
    return name;
}

const std::string& lastName() {
    static std::string name;
    name = last->name();
    return name;
}

void uninitialised(const std::string& where, size_t offset) {
    if (uninitialisedReported) return;
    uninitialisedReported = true;
    journal("uninitialised",
            format("%s reads byte %zu of %s, which nothing wrote", whereInKernel().c_str(), offset, where.c_str()));
}

void accessShared(const Region& region, int which, uintptr_t address, size_t bytes, bool write, bool atomic) {
    size_t offset = address - region.start;
    touch(shadows[which == 0 ? 0 : ~uint64_t{0}], sharedName, offset, bytes, write, atomic);
    std::vector<uint64_t>& written = sharedWritten[which];
    for (size_t i = offset; i < offset + bytes; i++) {
        if (write) {
            written[i / 64] |= uint64_t{1} << (i % 64);
        } else if ((written[i / 64] >> (i % 64) & 1) == 0) {
            uninitialised("shared memory", i);
        }
    }
}

void accessDevice(uintptr_t address, size_t bytes, bool write, bool atomic) {
    size_t offset = address - reinterpret_cast<uintptr_t>(last->base);
    touch(*lastShadow, lastName, offset, bytes, write, atomic);
    if (write) {
        last->markWritten(offset, bytes);
    } else if (!last->allWritten(offset, bytes)) {
        uninitialised(last->name(), offset);
    }
    size_t granule = offset / GRANULE;
    if (lastGranule[write] != granule) {
        lastGranule[write] = granule;
        last->race.access(running->actor, offset, bytes, write, last->name());
    }
}

[[noreturn]] void illegal(uintptr_t address, size_t bytes, bool write) {
    auto* pointer = reinterpret_cast<void*>(address);
    std::string what = format("%s %zu bytes at %p", write ? "writes" : "reads", bytes, pointer);
    Allocation* a = find(pointer);
    if (a == nullptr) {
        abandonKernel(ILLEGAL_ADDRESS, what + ", which is in no allocation");
    }
    if (!a->live) abandonKernel(ILLEGAL_ADDRESS, what + ", which is in " + a->name() + " after it was freed");
    if (a->space == Space::device && a->device != running->device) {
        abandonKernel(ILLEGAL_ADDRESS, what + ", which is in " + a->name() + ", from another device");
    }
    long long at = static_cast<long long>(address) - static_cast<long long>(reinterpret_cast<uintptr_t>(a->base));
    abandonKernel(ILLEGAL_ADDRESS, what + format(", bytes %lld to %lld of ", at, at + static_cast<long long>(bytes)) +
                                       a->name());
}

void access(uintptr_t address, size_t bytes, bool write, bool atomic) {
    if (!active || bytes == 0 || pool->onStack(address)) return;
    if (bytes <= 16 && (bytes & (bytes - 1)) == 0 && address % bytes != 0) {
        abandonKernel(MISALIGNED_ADDRESS, format("%s %zu bytes at %p, not aligned to them", write ? "writes" : "reads",
                                                 bytes, reinterpret_cast<void*>(address)));
    }
    if (last != nullptr && last->contains(reinterpret_cast<void*>(address), bytes)) {
        accessDevice(address, bytes, write, atomic);
        return;
    }
    if (dynamicShared.holds(address, bytes)) return accessShared(dynamicShared, 0, address, bytes, write, atomic);
    if (staticShared.holds(address, bytes)) return accessShared(staticShared, 1, address, bytes, write, atomic);
    if (image.holds(address, bytes)) return;  // constants and the context
    Allocation* a = find(reinterpret_cast<void*>(address));
    bool reachable = a != nullptr && a->live && a->contains(reinterpret_cast<void*>(address), bytes) &&
                     (a->space == Space::pinned || a->device == running->device);
    if (!reachable) illegal(address, bytes, write);
    last = a;
    lastShadow = &shadows[a->id];
    lastGranule[0] = lastGranule[1] = ~size_t{0};
    accessDevice(address, bytes, write, atomic);
}

// Without instrumentation nothing is known of what a kernel writes: everything it was given.
void assumeWritten() {
    const cudasim_kernel& description = *launch->kernel->description;
    for (int i = 0; i < description.parameters; i++) {
        if (description.parameter[i].pointer != 1) continue;
        void* pointer = nullptr;
        std::memcpy(&pointer, launch->bytes.data() + launch->offsets[static_cast<size_t>(i)], sizeof pointer);
        Allocation* a = find(pointer);
        if (a != nullptr) a->markWritten(0, a->bytes);
    }
}

}  // namespace

void memcheckLaunch(Launch& what, Running& how, unsigned char* shared, const FiberPool& fibers) {
    launch = &what;
    running = &how;
    pool = &fibers;
    active = what.kernel->instrumented;
    if (!active) {
        assumeWritten();
        return;
    }
    const LoadedKernel& kernel = *what.kernel;
    dynamicShared = {reinterpret_cast<uintptr_t>(shared), what.dynamicShared};
    staticShared = {reinterpret_cast<uintptr_t>(kernel.sharedStart),
                    static_cast<size_t>(kernel.sharedEnd - kernel.sharedStart)};
    image = {kernel.imageStart, kernel.imageEnd - kernel.imageStart};
    launchNumber++;
    blockNumber = 0;
    last = nullptr;
    lastShadow = nullptr;
    raceReported = uninitialisedReported = false;
    shadows.clear();
    sharedWritten[0].assign(dynamicShared.bytes / 64 + 1, 0);
    sharedWritten[1].assign(staticShared.bytes / 64 + 1, 0);
}

void memcheckBlock() {
    if (!active) return;
    blockNumber++;
    epoch = 0;
    warpEpochs.fill(0);
    for (auto& written : sharedWritten) std::fill(written.begin(), written.end(), 0);
    // Shared memory is each block's own.
    for (uint64_t which : {uint64_t{0}, ~uint64_t{0}}) {
        auto found = shadows.find(which);
        if (found != shadows.end()) std::fill(found->second.words.begin(), found->second.words.end(), Word{});
    }
}

void memcheckThread(unsigned number) { thread = static_cast<uint16_t>(number); }

void memcheckBarrier() { epoch++; }

void memcheckWarpBarrier(unsigned warp) { warpEpochs[warp]++; }

void memcheckAtomic(void* address, unsigned long bytes) {
    access(reinterpret_cast<uintptr_t>(address), bytes, false, true);
    access(reinterpret_cast<uintptr_t>(address), bytes, true, true);
}

void memcheckEnd() {
    active = false;
    shadows.clear();
    last = nullptr;
}

}  // namespace sim

// The names g++ calls, by size.
#define CUDASIM_HOOK(BYTES)                                                                                            \
    extern "C" void __tsan_read##BYTES(uintptr_t address) { sim::access(address, BYTES, false, false); }               \
    extern "C" void __tsan_write##BYTES(uintptr_t address) { sim::access(address, BYTES, true, false); }               \
    extern "C" void __tsan_unaligned_read##BYTES(uintptr_t address) { sim::access(address, BYTES, false, false); }     \
    extern "C" void __tsan_unaligned_write##BYTES(uintptr_t address) { sim::access(address, BYTES, true, false); }
CUDASIM_HOOK(1)
CUDASIM_HOOK(2)
CUDASIM_HOOK(4)
CUDASIM_HOOK(8)
CUDASIM_HOOK(16)
#undef CUDASIM_HOOK

extern "C" void __tsan_read_range(uintptr_t address, size_t bytes) { sim::access(address, bytes, false, false); }

extern "C" void __tsan_write_range(uintptr_t address, size_t bytes) { sim::access(address, bytes, true, false); }

extern "C" void __tsan_init() {}
