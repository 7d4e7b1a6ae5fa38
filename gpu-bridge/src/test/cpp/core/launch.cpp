#include "launch.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "device.h"
#include "fiber.h"
#include "memcheck.h"
#include "memory.h"
#include "status.h"

namespace sim {

namespace {

enum class State { unborn, running, barrier, warp, ready, done };

struct Thread {
    State state = State::unborn;
    Fiber* fiber = nullptr;
    int line = 0;
    unsigned mask = 0;
    int kind = 0;  // of a warp operation: 'x'change, 'v'ote, 's'ync
    unsigned long long value = 0;
    int from = 0;
    unsigned long long result = 0;
};

FiberPool pool;
void* mainStack = nullptr;
Launch* launch = nullptr;
std::vector<Thread> threads;
std::vector<unsigned> order;
size_t born = 0;
unsigned current = 0;
Fiber* currentFiber = nullptr;
int failedStatus = 0;
std::string failedReason;
std::vector<void*> arguments;

cudasim_context& context() { return *launch->kernel->context; }

void enter(unsigned thread) {
    current = thread;
    cudasim_dim size = launch->block;
    context().thread = {thread % size.x, thread / size.x % size.y, thread / size.x / size.y};
    memcheckThread(thread);
}

void toMain() { cudasim_switch(&currentFiber->stackPointer, mainStack); }

// What each fiber does: threads of the block, one after the other, until none is left to begin.
void fiberBody() {
    while (born < order.size()) {
        unsigned thread = order[born++];
        threads[thread].state = State::running;
        threads[thread].fiber = currentFiber;
        enter(thread);
        launch->kernel->description->invoke(arguments.data());
        threads[current].state = State::done;
    }
    Fiber* mine = currentFiber;
    pool.give(mine);
    toMain();
    __builtin_unreachable();
}

void resume(Fiber* fiber) {
    currentFiber = fiber;
    cudasim_switch(&mainStack, fiber->stackPointer);
    if (failedStatus != 0) throw Failure{Library::cudart, failedStatus, failedReason};
}

unsigned long long suspend(State state, int line, int kind, unsigned mask, unsigned long long value, int from) {
    Thread& thread = threads[current];
    thread.state = state;
    thread.line = line;
    thread.kind = kind;
    thread.mask = mask;
    thread.value = value;
    thread.from = from;
    thread.fiber = currentFiber;
    toMain();
    return threads[current].result;
}

void barrier(int line) { suspend(State::barrier, line, 0, 0, 0, 0); }

void needOwnLane(unsigned mask) {
    if ((mask >> (current % WARP) & 1) == 0) {
        abandonKernel(LAUNCH_FAILED, format("a warp operation with mask 0x%x, in which the calling lane %u is not", mask,
                                            current % WARP));
    }
}

unsigned long long exchange(unsigned mask, unsigned long long value, int lane, int line) {
    needOwnLane(mask);
    return suspend(State::warp, line, 'x', mask, value, lane);
}

unsigned long long vote(unsigned mask, int predicate, int line) {
    needOwnLane(mask);
    return suspend(State::warp, line, 'v', mask, predicate != 0, 0);
}

void warpBarrier(unsigned mask, int line) {
    needOwnLane(mask);
    suspend(State::warp, line, 's', mask, 0, 0);
}

void trap(const char* reason) { abandonKernel(LAUNCH_FAILED, reason); }

// Lanes of the mask that exist in the block.
unsigned existing(unsigned warp, unsigned mask) {
    size_t count = threads.size() - size_t{warp} * WARP;
    return count >= WARP ? mask : mask & ((1u << count) - 1);
}

// Completes the operation of a warp whose lanes have all come; false when some have not.
bool completeWarp(unsigned warp, unsigned lane) {
    Thread& first = threads[warp * WARP + lane];
    unsigned lanes = existing(warp, first.mask);
    unsigned long long ballot = 0;
    for (unsigned i = 0; i < WARP; i++) {
        if ((lanes >> i & 1) == 0) continue;
        Thread& other = threads[warp * WARP + i];
        if (other.state != State::warp || other.kind != first.kind || other.mask != first.mask ||
            other.line != first.line) {
            return false;
        }
        if (other.value != 0) ballot |= 1ull << i;
    }
    for (unsigned i = 0; i < WARP; i++) {
        if ((lanes >> i & 1) == 0) continue;
        Thread& thread = threads[warp * WARP + i];
        if (thread.kind == 'x') {
            // A source outside the mask gives an undefined value: a NaN here.
            bool there = thread.from >= 0 && thread.from < WARP && (lanes >> thread.from & 1) != 0;
            thread.result = there ? threads[warp * WARP + static_cast<unsigned>(thread.from)].value : ~0ull;
        } else {
            thread.result = ballot;
        }
    }
    for (unsigned i = 0; i < WARP; i++) {
        if (lanes >> i & 1) threads[warp * WARP + i].state = State::ready;
    }
    memcheckWarpBarrier(warp);
    return true;
}

std::string describe(unsigned thread) {
    cudasim_dim b = launch->block;
    std::string name = format("thread (%u,%u,%u)", thread % b.x, thread / b.x % b.y, thread / b.x / b.y);
    const Thread& t = threads[thread];
    switch (t.state) {
        case State::barrier: return name + format(" waits at __syncthreads in line %d", t.line);
        case State::warp: return name + format(" waits for mask 0x%x in line %d", t.mask, t.line);
        default: return name + " has returned";
    }
}

[[noreturn]] void divergent() {
    unsigned one = 0, other = 0;
    for (unsigned i = 0; i < threads.size(); i++) {
        if (threads[i].state != State::done) one = i;
    }
    for (unsigned i = 0; i < threads.size(); i++) {
        const Thread &a = threads[one], &b = threads[i];
        if (a.state != b.state || a.line != b.line || a.mask != b.mask) other = i;
    }
    const cudasim_dim& block = context().block;
    throw Failure{Library::cudart, LAUNCH_FAILED,
                  format("divergent barrier in block (%u,%u,%u): %s, %s", block.x, block.y, block.z,
                         describe(one).c_str(), describe(other).c_str())};
}

// Makes waiting threads ready; fails when nobody can ever go on.
void wake() {
    bool any = false;
    for (unsigned i = 0; i < threads.size(); i++) {
        if (threads[i].state == State::warp) any |= completeWarp(i / WARP, i % WARP);
    }
    if (any) return;
    for (const Thread& thread : threads) {
        if (thread.state != State::barrier || thread.line != threads[0].line) divergent();
    }
    for (Thread& thread : threads) thread.state = State::ready;
    memcheckBarrier();
}

// Threads begin in order, in reverse, or in any order: whatever the kernel relies on must be in its code.
void drawOrder(size_t count) {
    order.resize(count);
    std::iota(order.begin(), order.end(), 0u);
    switch (random()() % 3) {
        case 0: std::reverse(order.begin(), order.end()); break;
        case 1: std::shuffle(order.begin(), order.end(), random()); break;
        default: break;
    }
}

void runBlock(unsigned char* shared) {
    const LoadedKernel& kernel = *launch->kernel;
    std::memset(shared, POISON, launch->dynamicShared);
    if (kernel.sharedEnd > kernel.sharedStart) {
        std::memset(kernel.sharedStart, POISON, static_cast<size_t>(kernel.sharedEnd - kernel.sharedStart));
    }
    drawOrder(launch->threads());
    threads.assign(order.size(), Thread{});
    born = 0;
    memcheckBlock();
    while (true) {
        while (born < order.size()) resume(pool.take(fiberBody));
        bool waiting = false;
        for (unsigned thread : order) {
            if (threads[thread].state == State::ready) {
                threads[thread].state = State::running;
                enter(thread);
                resume(threads[thread].fiber);
            }
            waiting |= threads[thread].state != State::done;
        }
        if (!waiting) return;
        bool someReady = false;
        for (const Thread& thread : threads) someReady |= thread.state == State::ready;
        if (!someReady) wake();
    }
}

}  // namespace

std::string whereInKernel() {
    const cudasim_dim &b = context().block, &t = context().thread;
    return format("kernel '%s', block (%u,%u,%u), thread (%u,%u,%u)", launch->kernel->name.c_str(), b.x, b.y, b.z, t.x,
                  t.y, t.z);
}

void abandonKernel(int status, const std::string& reason) {
    failedStatus = status;
    failedReason = whereInKernel() + ": " + reason;
    toMain();
    __builtin_unreachable();
}

void runLaunch(Launch& what, Running& running) {
    launch = &what;
    failedStatus = 0;
    arguments.clear();
    for (size_t offset : what.offsets) arguments.push_back(what.bytes.data() + offset);
    std::vector<unsigned char> shared(what.dynamicShared + 128);
    unsigned char* start = shared.data() + (64 - reinterpret_cast<uintptr_t>(shared.data()) % 64) % 64;
    cudasim_context& c = context();
    c.blockSize = what.block;
    c.gridSize = what.grid;
    c.shared = start;
    c.barrier = barrier;
    c.exchange = exchange;
    c.vote = vote;
    c.warpBarrier = warpBarrier;
    c.atomic = memcheckAtomic;
    c.trap = trap;
    memcheckLaunch(what, running, start, pool);
    size_t blocks = size_t{what.grid.x} * what.grid.y * what.grid.z;
    bool backwards = random()() % 2 != 0;
    try {
        for (size_t i = 0; i < blocks; i++) {
            size_t block = backwards ? blocks - 1 - i : i;
            c.block = {static_cast<unsigned>(block % what.grid.x),
                       static_cast<unsigned>(block / what.grid.x % what.grid.y),
                       static_cast<unsigned>(block / what.grid.x / what.grid.y)};
            runBlock(start);
        }
    } catch (const Failure& failure) {
        pool.abandonAll();
        memcheckEnd();
        throw;
    }
    memcheckEnd();
}

}  // namespace sim
