// cuBLAS handles: a device, a stream, a math mode and a pointer mode.
#pragma once

#include <string>
#include <vector>

#include "../core/stream.h"

namespace sim {

enum CublasStatus {
    CUBLAS_NOT_INITIALIZED = 1,
    CUBLAS_ALLOC_FAILED = 3,
    CUBLAS_INVALID_VALUE = 7,
    CUBLAS_EXECUTION_FAILED = 13,
    CUBLAS_NOT_SUPPORTED = 15,
};

struct CublasHandle {
    int device;
    StreamHandle stream = nullptr;
    int mathMode = 0;
    int pointerMode = 0;  // 0: alpha and beta are on the host
};

// Fails unless it is a live handle made on the current device.
CublasHandle& resolveCublas(void* handle);

void listCublas(std::vector<std::string>& into);
void resetCublas();

}  // namespace sim
