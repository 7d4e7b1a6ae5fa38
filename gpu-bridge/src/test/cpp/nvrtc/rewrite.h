// What stands between a preprocessed kernel file and g++: `extern __shared__` arrays become pointers to the block's
// dynamic shared memory, and every `__global__` function is announced to the simulator.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sim {

struct Rewritten {
    std::string source;
    std::vector<std::pair<std::string, unsigned>> kernels;  // name and __launch_bounds__ (1024 without)
};

// Lines keep their numbers.
Rewritten rewriteKernels(const std::string& preprocessed);

}  // namespace sim
