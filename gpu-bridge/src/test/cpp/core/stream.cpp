#include "stream.h"

#include <chrono>
#include <map>

#include "device.h"
#include "memory.h"
#include "queue.h"
#include "status.h"

namespace sim {

constexpr unsigned DISABLE_TIMING = 2;
constexpr size_t LONGEST_QUEUE = 512;

struct Record {
    Stream* stream = nullptr;
    uint64_t number = 0;
    Clock clock;
    double stamp = -1;  // microseconds, once it ran
};

struct Event {
    uint64_t id;
    int device;
    unsigned flags;
    bool destroyed = false;
    std::shared_ptr<Record> record;
};

namespace {

std::map<StreamHandle, Stream*> byHandle;
std::map<int, Stream*> defaults;
std::map<EventHandle, Event> events;
uint64_t nextHandle = 1;

// Handles are numbers nothing can be read at, and never used twice.
void* newHandle() { return reinterpret_cast<void*>(0x7f51000000000000ull + 64 * nextHandle++); }

Stream& defaultStream(int device) {
    auto found = defaults.find(device);
    if (found != defaults.end()) return *found->second;
    Stream& stream = addStream(device, 0, true);
    defaults[device] = &stream;
    return stream;
}

Stream& resolve(StreamHandle handle, const std::string& argument) {
    auto number = reinterpret_cast<uintptr_t>(handle);
    if (number <= 1) return defaultStream(currentDevice());
    if (number == 2) fail(NOT_SUPPORTED, "%s is the per-thread default stream", argument.c_str());
    auto found = byHandle.find(handle);
    if (found == byHandle.end()) fail(INVALID_HANDLE, "%s (%p) is not a stream", argument.c_str(), handle);
    if (found->second->destroyed) {
        fail(INVALID_HANDLE, "%s is %s, which was destroyed", argument.c_str(), found->second->name().c_str());
    }
    return *found->second;
}

Event& resolveEvent(EventHandle handle) {
    auto found = events.find(handle);
    if (found == events.end()) fail(INVALID_HANDLE, "%p is not an event", handle);
    Event& event = found->second;
    if (event.destroyed) {
        fail(INVALID_HANDLE, "event %llu was destroyed", static_cast<unsigned long long>(event.id));
    }
    return event;
}

void afterSynchronisation(int device) {
    checkRedZones();
    throwStickyOf(device);
}

}  // namespace

int deviceOf(StreamHandle stream, const std::string& argument) { return resolve(stream, argument).device; }

void enqueue(StreamHandle handle, int device, Work work, const std::string& argument) {
    Stream& stream = resolve(handle, argument);
    if (stream.device != device) {
        fail(INVALID_HANDLE, "%s belongs to device %d, the work to device %d", argument.c_str(), stream.device, device);
    }
    Op op;
    op.waits.swap(stream.nextWaits);
    auto after = [&](Stream& other) {
        if (other.done < other.queued) op.waits.push_back({&other, other.queued});
        stream.clock.join(other.clock);
    };
    if (stream.isDefault) {
        for (auto& other : allStreams()) {
            if (other.get() != &stream && other->device == device && other->blocking()) after(*other);
        }
    } else if (stream.blocking() && defaults.count(device) != 0) {
        after(*defaults[device]);
    }
    stream.clock.join(hostClock());
    op.number = ++stream.queued;
    op.actor.stream = stream.index;
    op.actor.after = stream.clock;
    op.actor.clock = stream.clock.tick(stream.index);
    op.actor.what = work.what + " in " + stream.name();
    op.work = std::move(work);
    stream.queue.push_back(std::move(op));
    if (!options().deferred) {
        complete(stream, stream.queued);
    } else if (stream.queue.size() > LONGEST_QUEUE) {
        complete(stream, stream.queue[LONGEST_QUEUE / 2].number);
    }
}

StreamHandle createStream(unsigned flags) {
    if (flags > 1) fail(INVALID_VALUE, "%u is no stream flag", flags);
    void* handle = newHandle();
    byHandle[handle] = &addStream(currentDevice(), flags, false);
    return handle;
}

void destroyStream(StreamHandle handle) {
    if (reinterpret_cast<uintptr_t>(handle) <= 2) fail(INVALID_HANDLE, "a default stream cannot be destroyed");
    resolve(handle, "the stream").destroyed = true;
}

void synchronizeStream(StreamHandle handle) {
    Stream& stream = resolve(handle, "the stream");
    complete(stream, stream.queued);
    hostClock().join(stream.clock);
    if (stream.isDefault) synchronizeDevice(stream.device);
    afterSynchronisation(stream.device);
}

bool queryStream(StreamHandle handle) {
    Stream& stream = resolve(handle, "the stream");
    if (stream.done < stream.queued) runAnother(nullptr);
    if (stream.done < stream.queued) return false;
    hostClock().join(stream.clock);
    throwStickyOf(stream.device);
    return true;
}

void waitEvent(StreamHandle handle, EventHandle eventHandle) {
    Stream& stream = resolve(handle, "the stream");
    Event& event = resolveEvent(eventHandle);
    if (!event.record) return;  // as CUDA: an event that was never recorded is complete
    stream.nextWaits.push_back({event.record->stream, event.record->number});
    stream.clock.join(event.record->clock);
}

void synchronizeDevice(int device) {
    for (size_t i = 0; i < allStreams().size(); i++) {
        Stream& stream = *allStreams()[i];
        if (stream.device != device) continue;
        complete(stream, stream.queued);
        hostClock().join(stream.clock);
    }
    afterSynchronisation(device);
}

EventHandle createEvent(unsigned flags) {
    if (flags & ~7u) fail(INVALID_VALUE, "%u are no event flags", flags);
    void* handle = newHandle();
    Event event;
    event.id = nextHandle;
    event.device = currentDevice();
    event.flags = flags;
    events.emplace(handle, std::move(event));
    return handle;
}

void destroyEvent(EventHandle handle) { resolveEvent(handle).destroyed = true; }

void recordEvent(EventHandle eventHandle, StreamHandle handle) {
    Event& event = resolveEvent(eventHandle);
    Stream& stream = resolve(handle, "the stream");
    if (event.device != stream.device) {
        fail(INVALID_HANDLE, "the event belongs to device %d, the stream to device %d", event.device, stream.device);
    }
    auto record = std::make_shared<Record>();
    record->stream = &stream;
    Work work;
    work.what = "event record";
    work.run = [record](Running&) {
        auto now = std::chrono::steady_clock::now().time_since_epoch();
        record->stamp = std::chrono::duration<double, std::micro>(now).count();
    };
    enqueue(handle, stream.device, std::move(work));
    record->number = stream.queued;
    record->clock = stream.clock;
    event.record = record;
}

void synchronizeEvent(EventHandle handle) {
    Event& event = resolveEvent(handle);
    if (!event.record) return;
    auto record = event.record;
    complete(*record->stream, record->number);
    hostClock().join(record->clock);
    afterSynchronisation(record->stream->device);
}

bool queryEvent(EventHandle handle) {
    Event& event = resolveEvent(handle);
    if (!event.record) return true;
    auto record = event.record;
    if (record->stream->done < record->number) runAnother(nullptr);
    if (record->stream->done < record->number) return false;
    hostClock().join(record->clock);
    throwStickyOf(record->stream->device);
    return true;
}

float elapsed(EventHandle start, EventHandle end) {
    for (EventHandle handle : {start, end}) {
        Event& event = resolveEvent(handle);
        if (event.flags & DISABLE_TIMING) fail(INVALID_HANDLE, "the event was created without timing");
        if (!event.record) fail(INVALID_HANDLE, "the event was never recorded");
        if (event.record->stream->done < event.record->number) fail(NOT_READY, "the event is not complete");
    }
    return static_cast<float>((resolveEvent(end).record->stamp - resolveEvent(start).record->stamp) / 1000);
}

void listStreams(std::vector<std::string>& into) {
    for (auto& [handle, stream] : byHandle) {
        if (!stream->destroyed) into.push_back(format("%s of device %d", stream->name().c_str(), stream->device));
    }
    for (auto& [handle, event] : events) {
        if (!event.destroyed) into.push_back(format("event %llu", static_cast<unsigned long long>(event.id)));
    }
}

void resetStreams() {
    resetQueues();
    byHandle.clear();
    defaults.clear();
    events.clear();
}

}  // namespace sim
