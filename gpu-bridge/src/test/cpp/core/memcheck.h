// Looks at every load and store of a kernel. Kernels are compiled with -fsanitize=thread, whose calls (`__tsan_read4` …)
// end here instead of in the sanitizer. Found: access outside live allocations of the device,
// misalignment, reads of memory nobody wrote, races between threads of a launch, and races with other streams.
#pragma once

#include "fiber.h"
#include "launch.h"

namespace sim {

void memcheckLaunch(Launch& launch, Running& running, unsigned char* dynamicShared, const FiberPool& pool);
void memcheckBlock();
void memcheckThread(unsigned thread);
void memcheckBarrier();
void memcheckWarpBarrier(unsigned warp);
void memcheckAtomic(void* address, unsigned long bytes);
void memcheckEnd();

}  // namespace sim
