// Copies and fills with CUDA's rules about host memory: pinned memory is read and written late, when the stream gets
// there; pageable memory is read at once (staged), and written before the call returns.
#pragma once

#include <cstddef>

#include "stream.h"

namespace sim {

enum CopyKind { HOST_TO_HOST = 0, HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2, DEVICE_TO_DEVICE = 3, INFER = 4 };

void copyAsync(void* to, const void* from, size_t bytes, int kind, StreamHandle stream);
void copyNow(void* to, const void* from, size_t bytes, int kind);
void fillAsync(void* to, int value, size_t bytes, StreamHandle stream);

}  // namespace sim
