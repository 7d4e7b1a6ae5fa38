#include "fiber.h"

#include <sys/mman.h>

#include "status.h"

#if !defined(__x86_64__)
#error "the simulator switches stacks by hand, for x86-64 only, as the JNI libraries it stands under"
#endif

// System V: rbx, rbp and r12 to r15 are the callee's to keep; rdi = save, rsi = to.
__asm__(
    ".text\n"
    ".globl cudasim_switch\n"
    ".type cudasim_switch,@function\n"
    "cudasim_switch:\n"
    "  pushq %rbp\n"
    "  pushq %rbx\n"
    "  pushq %r12\n"
    "  pushq %r13\n"
    "  pushq %r14\n"
    "  pushq %r15\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "  popq %r15\n"
    "  popq %r14\n"
    "  popq %r13\n"
    "  popq %r12\n"
    "  popq %rbx\n"
    "  popq %rbp\n"
    "  ret\n"
    ".size cudasim_switch,.-cudasim_switch\n");

namespace sim {

void FiberPool::create() {
    constexpr size_t GUARD = 4096;
    void* arena = mmap(nullptr, MOST * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED) fail(OUT_OF_MEMORY, "the host has no memory for the stacks of a block");
    arenaStart = reinterpret_cast<uintptr_t>(arena);
    arenaBytes = MOST * STACK;
    fibers.resize(MOST);
    for (size_t i = 0; i < MOST; i++) {
        fibers[i].stack = static_cast<unsigned char*>(arena) + i * STACK;
        mprotect(fibers[i].stack, GUARD, PROT_NONE);
    }
    abandonAll();
}

void FiberPool::abandonAll() {
    idle.clear();
    for (size_t i = fibers.size(); i-- > 0;) idle.push_back(&fibers[i]);
}

Fiber* FiberPool::take(void (*entry)()) {
    if (fibers.empty()) create();
    Fiber* fiber = idle.back();
    idle.pop_back();
    auto** top = reinterpret_cast<void**>(fiber->stack + STACK);
    *--top = nullptr;  // where a return address would be: keeps the alignment the ABI asks for
    *--top = reinterpret_cast<void*>(entry);
    for (int i = 0; i < 6; i++) *--top = nullptr;
    fiber->stackPointer = top;
    return fiber;
}

}  // namespace sim
