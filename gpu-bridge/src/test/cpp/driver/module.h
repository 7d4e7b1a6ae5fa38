// Loaded modules and their functions.
#pragma once

#include <string>
#include <vector>

#include "../core/launch.h"

namespace sim {

// The kernel behind a CUfunction; fails when its module is gone or belongs to another device than `device`.
LoadedKernel& resolveFunction(void* function, int device);

void listModules(std::vector<std::string>& into);
void resetModules();

}  // namespace sim
