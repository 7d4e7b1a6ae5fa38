// Allocations of the simulated devices and of pinned host memory: red zones, poison, quarantine of what was freed, and
// the question every call asks: may I read or write these bytes here?
//
// Layout of a block: [red zone][payload, filled with POISON][red zone]. POISON is a NaN as float, double and half.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "race.h"

namespace sim {

constexpr size_t RED_ZONE = 256;
constexpr unsigned char RED = 0xA5;
constexpr unsigned char POISON = 0xFF;

enum class Space { device, pinned };

struct Allocation {
    uint64_t id;
    Space space;
    int device;
    unsigned char* base;  // of the payload
    size_t bytes;
    unsigned char* block;
    size_t blockBytes;
    bool live = true;
    RaceShadow race;
    std::vector<uint64_t> written;  // one bit a byte, device memory only: has anything been stored there

    bool contains(const void* address, size_t size) const {
        auto a = reinterpret_cast<uintptr_t>(address), b = reinterpret_cast<uintptr_t>(base);
        return a >= b && size <= bytes && a - b <= bytes - size;
    }
    size_t offset(const void* address) const {
        return static_cast<size_t>(static_cast<const unsigned char*>(address) - base);
    }
    void markWritten(size_t from, size_t size);
    bool allWritten(size_t from, size_t size) const;
    // "allocation 7 (400 bytes on device 0)"
    std::string name() const;
};

Allocation& allocate(Space space, size_t bytes);
void release(Space space, void* pointer);

// The allocation whose block (red zones included) holds the address, live or in quarantine; null for anything else.
Allocation* find(const void* address);

// Fails with a sentence unless [address, address + bytes) is live memory of that device. `what` names the argument.
Allocation& needDevice(const void* address, size_t bytes, int device, const std::string& what);

// Fails if the address is device memory, or pinned memory that was freed or is too short. True when it is pinned.
bool needHost(const void* address, size_t bytes, const std::string& what);

// Every red zone of live and quarantined memory; a broken one becomes a finding and the device's sticky error.
void checkRedZones();

// One line for each live allocation.
void listAllocations(std::vector<std::string>& into);
void resetMemory();

}  // namespace sim
