#include "memcheck.h"

#include <array>
#include <cstring>
#include <memory>

#include "device.h"
#include "memory.h"
#include "status.h"

namespace sim {

namespace {

// Who touched four bytes last in a launch. Threads of a block are ordered by barriers (`epoch`), lanes of a warp also
// by warp operations (`warpEpoch`); blocks are never ordered.
struct Touch {
    uint32_t block = 0;
    uint16_t epoch = 0;
    uint16_t warpEpoch = 0;
    uint16_t thread = 0;
    uint8_t bytes : 4;   // which of the four; 0: nobody
    uint8_t spread : 2;  // unordered readers before this one: none, of this warp, of this block, of other blocks
    uint8_t atomic : 1;
    Touch() : bytes(0), spread(0), atomic(0) {}
};

struct Word {
    Touch write;
    Touch read;
};

using Shadow = std::vector<Word>;

// An allocation this launch has touched. A granule goes to the detector between streams once in a row.
struct Seen {
    Allocation* allocation = nullptr;
    std::string name;
    Shadow shadow;
    size_t lastGranule[2] = {~size_t{0}, ~size_t{0}};
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
uint32_t blockNumber = 0;
uint16_t epoch = 0, thread = 0;
std::array<uint16_t, 32> warpEpochs;
bool raceReported = false, uninitialisedReported = false;
std::vector<std::unique_ptr<Seen>> seen;  // the latest first
Shadow sharedShadow[2];                   // of dynamic and of static shared memory
std::vector<uint64_t> sharedWritten[2];

enum Spread : uint8_t { ONE_THREAD, ONE_WARP, ONE_BLOCK, MANY_BLOCKS };

Spread between(const Touch& other) {
    if (other.block != blockNumber) return MANY_BLOCKS;
    if (other.thread / WARP != thread / WARP) return ONE_BLOCK;
    return other.thread == thread ? ONE_THREAD : ONE_WARP;
}

// Happened before the running thread, or is the thread itself.
bool ordered(const Touch& other) {
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

void touch(Shadow& shadow, const std::string& name, size_t offset, size_t bytes, bool write, bool atomic) {
    for (size_t word = offset / 4; word <= (offset + bytes - 1) / 4; word++) {
        size_t from = std::max(offset, word * 4) - word * 4, to = std::min(offset + bytes, word * 4 + 4) - word * 4;
        auto mask = static_cast<uint8_t>(((1u << to) - 1) & ~((1u << from) - 1));
        Word& cell = shadow[word];
        auto conflict = [&](const Touch& other) {
            return (other.bytes & mask) != 0 && !(atomic && other.atomic) && !ordered(other);
        };
        if (conflict(cell.write)) reportRace(name, offset, write, true, cell.write);
        if (write && conflict(cell.read)) reportRace(name, offset, write, false, cell.read);
        Touch& mine = write ? cell.write : cell.read;
        uint8_t spread = ONE_THREAD;
        if (!write && mine.bytes != 0 && !ordered(mine)) spread = std::max<uint8_t>(mine.spread, between(mine));
        mine.block = blockNumber;
        mine.epoch = epoch;
        mine.warpEpoch = warpEpochs[thread / WARP];
        mine.thread = thread;
        mine.bytes = mask & 15;
        mine.spread = spread & 3;
        mine.atomic = atomic;
    }
}

void uninitialised(const std::string& where, size_t offset) {
    if (uninitialisedReported) return;
    uninitialisedReported = true;
    journal("uninitialised",
            format("%s reads byte %zu of %s, which nothing wrote", whereInKernel().c_str(), offset, where.c_str()));
}

void accessShared(const Region& region, int which, uintptr_t address, size_t bytes, bool write, bool atomic) {
    static const std::string name = "shared memory";
    size_t offset = address - region.start;
    touch(sharedShadow[which], name, offset, bytes, write, atomic);
    std::vector<uint64_t>& written = sharedWritten[which];
    for (size_t i = offset; i < offset + bytes; i++) {
        if (write) {
            written[i / 64] |= uint64_t{1} << (i % 64);
        } else if ((written[i / 64] >> (i % 64) & 1) == 0) {
            uninitialised(name, i);
        }
    }
}

void accessDevice(Seen& at, uintptr_t address, size_t bytes, bool write, bool atomic) {
    Allocation& a = *at.allocation;
    size_t offset = address - reinterpret_cast<uintptr_t>(a.base);
    touch(at.shadow, at.name, offset, bytes, write, atomic);
    if (write) {
        a.markWritten(offset, bytes);
    } else if (!a.allWritten(offset, bytes)) {
        uninitialised(at.name, offset);
    }
    size_t granule = offset / GRANULE;
    if (at.lastGranule[write] != granule) {
        at.lastGranule[write] = granule;
        a.race.access(running->actor, offset, bytes, write, at.name);
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
    for (size_t i = 0; i < seen.size(); i++) {
        if (!seen[i]->allocation->contains(reinterpret_cast<void*>(address), bytes)) continue;
        if (i > 3) std::swap(seen[i], seen[i / 2]);  // often used ones come to the front
        return accessDevice(*seen[i > 3 ? i / 2 : i], address, bytes, write, atomic);
    }
    if (dynamicShared.holds(address, bytes)) return accessShared(dynamicShared, 0, address, bytes, write, atomic);
    if (staticShared.holds(address, bytes)) return accessShared(staticShared, 1, address, bytes, write, atomic);
    if (image.holds(address, bytes)) return;  // constants and the context
    Allocation* a = find(reinterpret_cast<void*>(address));
    bool reachable = a != nullptr && a->live && a->contains(reinterpret_cast<void*>(address), bytes) &&
                     (a->space == Space::pinned || a->device == running->device);
    if (!reachable) illegal(address, bytes, write);
    auto first = std::make_unique<Seen>();
    first->allocation = a;
    first->name = a->name();
    first->shadow.resize(a->bytes / 4 + 1);
    seen.push_back(std::move(first));
    accessDevice(*seen.back(), address, bytes, write, atomic);
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
    blockNumber = 0;
    raceReported = uninitialisedReported = false;
    seen.clear();
    const Region* regions[2] = {&dynamicShared, &staticShared};
    for (int i = 0; i < 2; i++) {
        sharedShadow[i].assign(regions[i]->bytes / 4 + 1, Word{});
        sharedWritten[i].assign(regions[i]->bytes / 64 + 1, 0);
    }
}

// Shared memory is each block's own.
void memcheckBlock() {
    if (!active) return;
    blockNumber++;
    epoch = 0;
    warpEpochs.fill(0);
    for (int i = 0; i < 2; i++) {
        std::fill(sharedShadow[i].begin(), sharedShadow[i].end(), Word{});
        std::fill(sharedWritten[i].begin(), sharedWritten[i].end(), 0);
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
    seen.clear();
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
