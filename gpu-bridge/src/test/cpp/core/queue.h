// How queued work runs: each stream's in its order, none before what it waits for, and otherwise in an order drawn from
// the seed. For stream.cpp, which knows the handles and says what waits for what; nobody else sees a queue.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "race.h"
#include "status.h"
#include "stream.h"

namespace sim {

constexpr unsigned NON_BLOCKING = 1;

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

// The streams there are, the oldest first.
const std::vector<std::unique_ptr<Stream>>& allStreams();

// A new stream, with an empty queue.
Stream& addStream(int device, unsigned flags, bool isDefault);

// What happened before anything the host does next.
Clock& hostClock();

// Lets one operation of another stream overtake, if one can run.
bool runAnother(const Stream* except);

// Runs the stream's queue up to and with operation `until`, and what that waits for.
void complete(Stream& stream, uint64_t until);

// Forgets all streams.
void resetQueues();

}  // namespace sim
