// Threads of a block as fibers: a stack each, switched by hand. A block whose threads never wait uses one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sim {

struct Fiber {
    void* stackPointer = nullptr;
    unsigned char* stack = nullptr;
};

class FiberPool {
public:
    static constexpr size_t STACK = 128 * 1024;
    static constexpr size_t MOST = 1025;

    // A fiber that will call `entry` (which must switch away for good instead of returning) when first switched to.
    Fiber* take(void (*entry)());
    void give(Fiber* fiber) { idle.push_back(fiber); }
    // All fibers become idle, whatever they were doing.
    void abandonAll();
    bool onStack(uintptr_t address) const { return address - arenaStart < arenaBytes; }

private:
    std::vector<Fiber> fibers;
    std::vector<Fiber*> idle;
    uintptr_t arenaStart = 0;
    size_t arenaBytes = 0;

    void create();
};

// Saves the caller's state at *save and continues where `to` was saved.
extern "C" void cudasim_switch(void** save, void* to);

}  // namespace sim
