// Runs the blocks of a kernel, one after the other in a seeded order, their threads as fibers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../kernel/cudasim_abi.h"
#include "stream.h"

namespace sim {

struct LoadedKernel {
    std::string name;
    const cudasim_kernel* description;
    cudasim_context* context;
    unsigned char* sharedStart;  // static __shared__ variables of its module
    unsigned char* sharedEnd;
    uintptr_t imageStart, imageEnd;
    bool instrumented;
    unsigned boundThreads;  // __launch_bounds__, or 1024
    size_t dynamicLimit = 48 * 1024;
};

struct Launch {
    const LoadedKernel* kernel;
    cudasim_dim grid, block;
    size_t dynamicShared;
    std::vector<unsigned char> bytes;  // the arguments' values
    std::vector<size_t> offsets;

    size_t threads() const { return size_t{block.x} * block.y * block.z; }
};

// Throws a Failure (illegal address, launch failure) with the block and thread that caused it.
void runLaunch(Launch& launch, Running& running);

// Ends the running kernel with that status; only while one runs.
[[noreturn]] void abandonKernel(int status, const std::string& reason);

// "block (1,0,0), thread (3,0,0)"
std::string whereInKernel();

}  // namespace sim
