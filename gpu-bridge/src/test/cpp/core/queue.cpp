#include "queue.h"

#include <chrono>
#include <condition_variable>

#include "device.h"
#include "memory.h"

namespace sim {

namespace {

std::vector<std::unique_ptr<Stream>> streams;
Clock host;
uint32_t nextIndex = 1;
std::condition_variable_any progress;

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

}  // namespace

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

Stream& addStream(int device, unsigned flags, bool isDefault) {
    auto stream = std::make_unique<Stream>();
    stream->index = nextIndex++;
    stream->device = device;
    stream->flags = flags;
    stream->isDefault = isDefault;
    streams.push_back(std::move(stream));
    return *streams.back();
}

const std::vector<std::unique_ptr<Stream>>& allStreams() { return streams; }

Clock& hostClock() { return host; }

void waitForOthers() {
    if (!runAnother(nullptr)) progress.wait_for(lock(), std::chrono::milliseconds(1));
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

void resetQueues() {
    streams.clear();
    host = Clock{};
    nextIndex = 1;
}

}  // namespace sim
