// libcudart.so.13, streams and events.
#include "../core/stream.h"

#include "../core/device.h"
#include "../core/status.h"

using namespace sim;

namespace {

int onDevice(const char* name, const std::function<void()>& body) {
    return call(Library::cudart, name, [&] {
        bindContext();
        body();
    });
}

int cleanUp(const char* name, const std::function<void()>& body) {
    return callAlways(Library::cudart, name, [&] {
        body();
        throwSticky();
    });
}

void needResult(const void* pointer) {
    if (pointer == nullptr) fail(INVALID_VALUE, "there is no place for the result: a null pointer");
}

}  // namespace

extern "C" {

int cudaStreamCreateWithFlags(void** stream, unsigned flags) {
    return onDevice(__func__, [&] {
        needResult(stream);
        *stream = createStream(flags);
    });
}

int cudaStreamCreate(void** stream) {
    return onDevice(__func__, [&] {
        needResult(stream);
        *stream = createStream(0);
    });
}

int cudaStreamDestroy(void* stream) {
    return cleanUp(__func__, [&] { destroyStream(stream); });
}

int cudaStreamSynchronize(void* stream) {
    return onDevice(__func__, [&] { synchronizeStream(stream); });
}

int cudaStreamQuery(void* stream) {
    return onDevice(__func__, [&] {
        if (!queryStream(stream)) fail(NOT_READY, "work is queued in the stream");
    });
}

int cudaStreamWaitEvent(void* stream, void* event, unsigned flags) {
    return onDevice(__func__, [&] {
        if (flags > 1) fail(INVALID_VALUE, "%u are no flags", flags);
        waitEvent(stream, event);
    });
}

int cudaEventCreateWithFlags(void** event, unsigned flags) {
    return onDevice(__func__, [&] {
        needResult(event);
        *event = createEvent(flags);
    });
}

int cudaEventCreate(void** event) {
    return onDevice(__func__, [&] {
        needResult(event);
        *event = createEvent(0);
    });
}

int cudaEventDestroy(void* event) {
    return cleanUp(__func__, [&] { destroyEvent(event); });
}

int cudaEventRecord(void* event, void* stream) {
    return onDevice(__func__, [&] { recordEvent(event, stream); });
}

int cudaEventSynchronize(void* event) {
    return onDevice(__func__, [&] { synchronizeEvent(event); });
}

int cudaEventQuery(void* event) {
    return onDevice(__func__, [&] {
        if (!queryEvent(event)) fail(NOT_READY, "work before the event is queued");
    });
}

int cudaEventElapsedTime(float* milliseconds, void* start, void* end) {
    return onDevice(__func__, [&] {
        needResult(milliseconds);
        *milliseconds = elapsed(start, end);
    });
}
}
