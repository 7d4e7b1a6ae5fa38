// Streams and events. Work is queued and runs late: when the host waits for it, when another stream that is waited for
// needs it, when somebody polls, or when a queue grows long. The order across streams is drawn from the seed and is
// always one that CUDA allows, often one that a program without enough synchronisation does not expect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "race.h"

namespace sim {

struct Access {
    const void* address;
    size_t bytes;
    bool write;
};

struct Op;
struct Stream;
struct Event;

using StreamHandle = void*;
using EventHandle = void*;

// What an operation that runs may ask of the simulator.
struct Running {
    const Actor& actor;
    int device;
};

struct Work {
    std::string what;               // "kernel 'gelu'"
    std::vector<Access> accesses;   // known ranges: checked again when it runs, and held against other streams
    std::vector<const void*> pointers;  // allocations it may touch anywhere (a kernel's parameters)
    std::function<void(Running&)> run;
    std::function<bool()> ready;    // empty: always. A collective waits for other ranks
};

// Queues work; in immediate mode it also runs before this returns. The stream must belong to `device`.
void enqueue(StreamHandle stream, int device, Work work, const std::string& argument = "the stream");

// The device a stream belongs to; fails for a handle that is not one.
int deviceOf(StreamHandle stream, const std::string& argument);

StreamHandle createStream(unsigned flags);
void destroyStream(StreamHandle stream);
void synchronizeStream(StreamHandle stream);
bool queryStream(StreamHandle stream);
void waitEvent(StreamHandle stream, EventHandle event);
void synchronizeDevice(int device);

// Is any queued operation going to touch the bytes?
bool pendingAccess(const void* address, size_t bytes);

// The host itself reads or writes memory now (a blocking copy).
void hostAccess(const void* address, size_t bytes, bool write, const std::string& what);

EventHandle createEvent(unsigned flags);
void destroyEvent(EventHandle event);
void recordEvent(EventHandle event, StreamHandle stream);
void synchronizeEvent(EventHandle event);
bool queryEvent(EventHandle event);
float elapsed(EventHandle start, EventHandle end);

// Lets other threads and processes go on for a moment: gives the lock away, and runs what can run.
void waitForOthers();

void listStreams(std::vector<std::string>& into);
void resetStreams();

}  // namespace sim
