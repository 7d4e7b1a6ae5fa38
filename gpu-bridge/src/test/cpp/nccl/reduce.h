// NCCL's element types and reductions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sim {

// Bytes of an element; 0 for a type the simulator does not have.
size_t ncclBytes(int type);

// Element by element over the ranks' contributions, from rank 0 upwards, whatever the order they came in. Half types are
// summed in float32 and rounded once.
std::string reduceInRankOrder(const std::vector<std::string>& contributions, int type, int operation);

}  // namespace sim
