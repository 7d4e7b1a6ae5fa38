#include "stream.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>

#include "device.h"
#include "memory.h"
#include "status.h"

namespace sim {

constexpr unsigned NON_BLOCKING = 1;
constexpr unsigned DISABLE_TIMING = 2;
constexpr size_t LONGEST_QUEUE = 512;

struct Wait {
    Stream* stream;
    uint64_t until;
};

struct Op {
    uint64_t number;
    Work work;
    Actor actor;
    std::vector<Wait> waits;
};

struct Stream {
    uint32_t index;  // of its clock; 0 is the host's
    int device;
    unsigned flags;
    bool isDefault;
    bool destroyed = false;
    uint64_t queued = 0;
    uint64_t done = 0;
    std::deque<Op> queue;
    std::vector<Wait> nextWaits;
    Clock clock;

    bool blocking() const { return (flags & NON_BLOCKING) == 0; }
    std::string name() const {
        return isDefault ? format("the default stream of device %d", device) : format("stream %u", index);
    }
};

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

std::vector<std::unique_ptr<Stream>> streams;
std::map<StreamHandle, Stream*> byHandle;
std::map<int, Stream*> defaults;
std::map<EventHandle, Event> events;
Clock host;
uint64_t nextHandle = 1;
uint32_t nextIndex = 1;
std::condition_variable_any progress;

// Handles are numbers nothing can be read at, and never used twice.
void* newHandle() { return reinterpret_cast<void*>(0x7f51000000000000ull + 64 * nextHandle++); }

Stream& addStream(int device, unsigned flags, bool isDefault) {
    auto stream = std::make_unique<Stream>();
    stream->index = nextIndex++;
    stream->device = device;
    stream->flags = flags;
    stream->isDefault = isDefault;
    streams.push_back(std::move(stream));
    return *streams.back();
}

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

void checkStillLive(const Op& op) {
    auto check = [&](const void* address) {
        Allocation* a = address == nullptr ? nullptr : find(address);
        if (a != nullptr && !a->live) {
            fail(ILLEGAL_ADDRESS, "%s ran after %s was freed", op.actor.what.c_str(), a->name().c_str());
        }
    };
    for (const Access& access : op.work.accesses) check(access.address);
    for (const void* pointer : op.work.pointers) check(pointer);
}

void recordAccess(const Actor& actor, const Access& access) {
    Allocation* a = find(access.address);
    if (a == nullptr || access.bytes == 0) return;
    size_t from = a->offset(access.address);
    a->race.access(actor, from, access.bytes, access.write, a->name());
    if (!access.write && !a->allWritten(from, access.bytes)) {
        journal("uninitialised", format("%s reads bytes of %s that nothing wrote, between byte %zu and byte %zu",
                                        actor.what.c_str(), a->name().c_str(), from, from + access.bytes));
    }
}

void markWritten(const Access& access) {
    Allocation* a = find(access.address);
    if (a != nullptr && access.write) a->markWritten(a->offset(access.address), access.bytes);
}

void runFront(Stream& stream) {
    Op op = std::move(stream.queue.front());
    stream.queue.pop_front();
    try {
        if (!isSpoiled(stream.device)) {
            checkStillLive(op);
            for (const Access& access : op.work.accesses) recordAccess(op.actor, access);
            Running running{op.actor, stream.device};
            if (op.work.run) op.work.run(running);
            for (const Access& access : op.work.accesses) markWritten(access);
        }
    } catch (const Failure& failure) {
        journal("device", op.actor.what + ": " + failure.reason);
        setSticky(stream.device, failure.library == Library::cudart ? failure.status : LAUNCH_FAILED,
                  op.actor.what + ": " + failure.reason);
    }
    stream.done = op.number;
    progress.notify_all();
}

bool runnable(Stream& stream) {
    if (stream.queue.empty()) return false;
    Op& op = stream.queue.front();
    for (const Wait& wait : op.waits) {
        if (wait.stream->done < wait.until) return false;
    }
    return isSpoiled(stream.device) || !op.work.ready || op.work.ready();
}

// Lets one operation of another stream overtake, if one can run.
bool runAnother(const Stream* except) {
    if (streams.empty()) return false;
    size_t start = random()() % streams.size();
    for (size_t i = 0; i < streams.size(); i++) {
        Stream& stream = *streams[(start + i) % streams.size()];
        if (&stream != except && runnable(stream)) {
            runFront(stream);
            return true;
        }
    }
    return false;
}

void complete(Stream& stream, uint64_t until) {
    while (stream.done < until) {
        // Empty while another thread runs the last operation.
        if (stream.queue.empty()) {
            waitForOthers();
            continue;
        }
        std::vector<Wait> waits = stream.queue.front().waits;
        for (const Wait& wait : waits) complete(*wait.stream, wait.until);
        if (random()() % 4 == 0) runAnother(&stream);
        if (stream.done >= until) break;
        if (runnable(stream)) {
            runFront(stream);
        } else {
            waitForOthers();  // another rank, thread or process has not come yet
        }
    }
}

void afterSynchronisation(int device) {
    checkRedZones();
    throwStickyOf(device);
}

}  // namespace

void waitForOthers() {
    if (!runAnother(nullptr)) progress.wait_for(lock(), std::chrono::milliseconds(1));
}

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
        for (auto& other : streams) {
            if (other.get() != &stream && other->device == device && other->blocking()) after(*other);
        }
    } else if (stream.blocking() && defaults.count(device) != 0) {
        after(*defaults[device]);
    }
    stream.clock.join(host);
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
    host.join(stream.clock);
    if (stream.isDefault) synchronizeDevice(stream.device);
    afterSynchronisation(stream.device);
}

bool queryStream(StreamHandle handle) {
    Stream& stream = resolve(handle, "the stream");
    if (stream.done < stream.queued) runAnother(nullptr);
    if (stream.done < stream.queued) return false;
    host.join(stream.clock);
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
    for (size_t i = 0; i < streams.size(); i++) {
        Stream& stream = *streams[i];
        if (stream.device != device) continue;
        complete(stream, stream.queued);
        host.join(stream.clock);
    }
    afterSynchronisation(device);
}

bool pendingAccess(const void* address, size_t bytes) {
    auto from = reinterpret_cast<uintptr_t>(address);
    Allocation* here = find(address);
    for (auto& stream : streams) {
        for (const Op& op : stream->queue) {
            for (const Access& access : op.work.accesses) {
                auto start = reinterpret_cast<uintptr_t>(access.address);
                if (start < from + bytes && from < start + access.bytes) return true;
            }
            for (const void* pointer : op.work.pointers) {
                if (pointer != nullptr && here != nullptr && find(pointer) == here) return true;
            }
        }
    }
    return false;
}

void hostAccess(const void* address, size_t bytes, bool write, const std::string& what) {
    Actor actor;
    actor.after = host;
    actor.clock = host.tick(0);
    actor.what = what;
    recordAccess(actor, Access{address, bytes, write});
    markWritten(Access{address, bytes, write});
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
    host.join(record->clock);
    afterSynchronisation(record->stream->device);
}

bool queryEvent(EventHandle handle) {
    Event& event = resolveEvent(handle);
    if (!event.record) return true;
    auto record = event.record;
    if (record->stream->done < record->number) runAnother(nullptr);
    if (record->stream->done < record->number) return false;
    host.join(record->clock);
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
    streams.clear();
    byHandle.clear();
    defaults.clear();
    events.clear();
    host = Clock{};
    nextIndex = 1;
}

}  // namespace sim
