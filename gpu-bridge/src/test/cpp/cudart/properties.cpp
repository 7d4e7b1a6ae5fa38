#include "properties.h"

#include <cstdio>
#include <cstring>

#include "../core/device.h"
#include "../core/status.h"

namespace sim {

void describeDevice(DeviceProperties& properties, int device) {
    std::memset(static_cast<void*>(&properties), 0, DEVICE_PROPERTIES_BYTES);
    std::snprintf(properties.name, sizeof properties.name, "CUDA simulator %d (no GPU: host memory, one thread)", device);
    properties.uuid[0] = static_cast<char>(device + 1);
    properties.totalGlobalMem = options().memory;
    properties.sharedMemPerBlock = SHARED_STATIC;
    properties.regsPerBlock = 65536;
    properties.warpSize = WARP;
    properties.memPitch = 2147483647;
    properties.maxThreadsPerBlock = MAX_THREADS;
    for (int i = 0; i < 3; i++) {
        properties.maxThreadsDim[i] = static_cast<int>(MAX_BLOCK[i]);
        properties.maxGridSize[i] = static_cast<int>(MAX_GRID[i]);
    }
    properties.totalConstMem = 65536;
    properties.major = options().major;
    properties.minor = options().minor;
    properties.textureAlignment = 512;
    properties.texturePitchAlignment = 32;
    properties.multiProcessorCount = MULTIPROCESSORS;
}

int deviceAttribute(int attribute) {
    switch (attribute) {
        case 1: return MAX_THREADS;
        case 2: return static_cast<int>(MAX_BLOCK[0]);
        case 3: return static_cast<int>(MAX_BLOCK[1]);
        case 4: return static_cast<int>(MAX_BLOCK[2]);
        case 5: return static_cast<int>(MAX_GRID[0]);
        case 6: return static_cast<int>(MAX_GRID[1]);
        case 7: return static_cast<int>(MAX_GRID[2]);
        case 8: return SHARED_STATIC;
        case 9: return 65536;
        case 10: return WARP;
        case 11: return 2147483647;
        case 12: return 65536;
        case 13: return 1000000;   // clock in kHz
        case 16: return MULTIPROCESSORS;
        case 17: return 0;         // no time limit on kernels
        case 18: return 0;         // not integrated
        case 19: return 1;         // can map host memory
        case 20: return 0;         // compute mode: default
        case 31: return 1;         // concurrent kernels
        case 32: return 0;         // ECC
        case 33: return 1;         // PCI bus
        case 34: return 0;
        case 36: return 1000000;   // memory clock in kHz
        case 37: return 512;       // memory bus in bits
        case 38: return 4 << 20;   // L2
        case 39: return 2048;      // threads of a multiprocessor
        case 40: return 2;         // copy engines
        case 41: return 1;         // unified addressing
        case 50: return 0;
        case 75: return options().major;
        case 76: return options().minor;
        case 78: return 0;         // stream priorities
        case 81: return 228 * 1024;
        case 82: return 65536;
        case 83: return 0;         // managed memory
        case 95: return 0;         // cooperative launch
        case 97: return SHARED_OPTIN;
        case 106: return 32;
        case 111: return 1024;
        case 115: return 0;        // memory pools
        default: fail(INVALID_VALUE, "the simulator has no device attribute %d", attribute);
    }
}

}  // namespace sim
