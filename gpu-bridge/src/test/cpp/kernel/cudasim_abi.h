// What the simulator and a compiled kernel share: included by both, without any other header.
#pragma once

extern "C" {

struct cudasim_dim {
    unsigned x, y, z;
};

// One in each compiled kernel library; the simulator writes it before it lets a thread run.
struct cudasim_context {
    cudasim_dim thread;
    cudasim_dim block;
    cudasim_dim blockSize;
    cudasim_dim gridSize;
    unsigned char* shared;  // dynamic shared memory of the block
    // Services of the simulator.
    void (*barrier)(int line);
    unsigned long long (*exchange)(unsigned mask, unsigned long long value, int lane, int line);
    unsigned long long (*vote)(unsigned mask, int predicate, int line);
    void (*warpBarrier)(unsigned mask, int line);
    void (*atomic)(void* address, unsigned long bytes);
    void (*trap)(const char* reason);
};

struct cudasim_parameter {
    unsigned bytes;
    unsigned alignment;
    int pointer;   // 1: a pointer, 2: a pointer to const
    unsigned pointee;  // bytes of what it points to
};

struct cudasim_kernel {
    const char* name;
    int parameters;
    const cudasim_parameter* parameter;
    void (*invoke)(void** arguments);
};
}
