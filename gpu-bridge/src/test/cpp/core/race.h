// Happens-before between streams and the host by vector clocks (FastTrack's scheme at 64-byte granules). Two accesses
// of the same granule, one of them a write, in streams with no event, synchronisation or host wait between them, are a
// race whatever order they happened to run in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sim {

// Clock of stream i at [i]; what is not there is zero.
struct Clock {
    std::vector<uint64_t> at;

    uint64_t of(size_t stream) const { return stream < at.size() ? at[stream] : 0; }
    void join(const Clock& other) {
        if (other.at.size() > at.size()) at.resize(other.at.size());
        for (size_t i = 0; i < other.at.size(); i++) {
            if (other.at[i] > at[i]) at[i] = other.at[i];
        }
    }
    uint64_t tick(size_t stream) {
        if (at.size() <= stream) at.resize(stream + 1);
        return ++at[stream];
    }
};

// Who accesses: a queued operation, or the host in a blocking copy.
struct Actor {
    uint32_t stream = 0;  // index of its clock
    uint64_t clock = 0;
    Clock after;          // what happened before it
    std::string what;     // "kernel 'gelu' in stream 2"
};

constexpr size_t GRANULE = 64;

class RaceShadow {
public:
    // Records the access of [from, from + bytes) and reports, once an actor, a race with an earlier one.
    void access(const Actor& actor, size_t from, size_t bytes, bool write, const std::string& allocation);

private:
    struct Touch {
        uint32_t stream = 0;
        uint32_t what = 0;
        uint64_t clock = 0;  // 0: never
    };
    struct Cell {
        Touch write;
        Touch read;
    };
    std::vector<Cell> cells;
    std::map<size_t, std::vector<Touch>> moreReads;  // a granule read by several streams

    void keepRead(size_t granule, const Touch& read);
    void report(const Actor& actor, const Touch& other, bool write, bool otherWrite, size_t granule,
                const std::string& allocation);
};

// Number of a name that outlives its operation.
uint32_t intern(const std::string& text);
const std::string& interned(uint32_t number);

}  // namespace sim
