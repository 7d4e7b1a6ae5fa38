// cudaDeviceProp of CUDA 13 as far as the simulator fills it in; the rest is zero. A test compares offsets with the
// JNI library's.
#pragma once

#include <cstddef>

struct DeviceProperties {
    char name[256];
    char uuid[16];
    char luid[8];
    unsigned luidDeviceNodeMask;
    size_t totalGlobalMem;
    size_t sharedMemPerBlock;
    int regsPerBlock;
    int warpSize;
    size_t memPitch;
    int maxThreadsPerBlock;
    int maxThreadsDim[3];
    int maxGridSize[3];
    size_t totalConstMem;
    int major;
    int minor;
    size_t textureAlignment;
    size_t texturePitchAlignment;
    int multiProcessorCount;
};

namespace sim {

// Bytes of NVIDIA's structure that are cleared before the fields above are set.
constexpr size_t DEVICE_PROPERTIES_BYTES = 1008;

void describeDevice(DeviceProperties& properties, int device);

// Fails for an attribute the simulator has no answer to.
int deviceAttribute(int attribute);

}  // namespace sim
