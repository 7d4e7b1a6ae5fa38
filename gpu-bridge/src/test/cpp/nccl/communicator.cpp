// libnccl.so.2: communicators and collectives between ranks on this host.
//
// A collective is queued in its stream. When its turn comes it posts this rank's contribution, and it is ready when all
// ranks' are there; ranks that disagree about the operation, the type or the count are told so (NVIDIA's hang).
#include <cstring>
#include <map>
#include <memory>

#include "../core/device.h"
#include "../core/memory.h"
#include "../core/status.h"
#include "../core/stream.h"
#include "reduce.h"
#include "rendezvous.h"

using namespace sim;

namespace {

enum { SYSTEM_ERROR = 2, INVALID_ARGUMENT = 4, INVALID_USAGE = 5, REMOTE_ERROR = 6 };
constexpr size_t ID_BYTES = 128;
const char* const MAGIC = "CUDASIM-NCCL ";

struct UniqueId {
    char bytes[ID_BYTES];
};

struct Communicator {
    int rank, ranks, device;
    Rendezvous rendezvous;
    long collectives = 0;
    int asyncError = 0;
};

std::map<void*, std::shared_ptr<Communicator>> communicators;
uintptr_t nextHandle = 1;
thread_local int groupDepth = 0;
thread_local std::vector<std::shared_ptr<Communicator>>* groupJoins = nullptr;

[[noreturn]] void refuse(int status, const std::string& reason) { fail(Library::nccl, status, "%s", reason.c_str()); }

std::shared_ptr<Communicator> resolve(void* handle) {
    auto found = communicators.find(handle);
    if (found == communicators.end()) {
        refuse(INVALID_ARGUMENT, format("%p is not a communicator, or was destroyed", handle));
    }
    return found->second;
}

void waitForAll(const Communicator& c) {
    while (!c.rendezvous.allJoined()) {
        if (c.rendezvous.lost() >= 0) refuse(REMOTE_ERROR, format("rank %d is gone", c.rendezvous.lost()));
        waitForOthers();
    }
    for (int other = 0; other < c.ranks; other++) {
        int expected = c.rendezvous.expectedBy(other);
        if (expected != c.ranks) {
            refuse(INVALID_ARGUMENT, format("rank %d expects %d ranks, rank %d expects %d", c.rank, c.ranks, other, expected));
        }
    }
}

// What a rank contributes: a line that must be the same everywhere, then its elements.
struct Collective {
    std::string description;
    const void* send;
    size_t sendBytes;
    void* receive;
    size_t receiveBytes;
    std::function<std::string(const std::vector<std::string>&)> combine;
};

std::vector<std::string> collect(Communicator& c, long number, const Collective& collective) {
    std::vector<std::string> all;
    for (int other = 0; other < c.ranks; other++) {
        std::string text = c.rendezvous.read(number, other);
        size_t line = text.find('\n');
        if (text.substr(0, line) != collective.description) {
            c.asyncError = INVALID_USAGE;
            fail(UNKNOWN, "collective %ld: rank %d calls %s, rank %d calls %s", number, c.rank,
                 collective.description.c_str(), other, text.substr(0, line).c_str());
        }
        all.push_back(text.substr(line + 1));
    }
    return all;
}

void submit(std::shared_ptr<Communicator> c, StreamHandle stream, const Collective& collective) {
    if (c->asyncError != 0) refuse(c->asyncError, "the communicator failed before");
    if (c->device != currentDevice()) {
        refuse(INVALID_ARGUMENT, format("the communicator belongs to device %d, the current device is %d", c->device,
                                        currentDevice()));
    }
    long number = c->collectives++;
    Work work;
    work.what = collective.description + format(" (rank %d)", c->rank);
    if (collective.sendBytes != 0) work.accesses.push_back({collective.send, collective.sendBytes, false});
    if (collective.receiveBytes != 0) work.accesses.push_back({collective.receive, collective.receiveBytes, true});
    auto posted = std::make_shared<bool>(false);
    work.ready = [=] {
        if (!*posted) {
            std::string elements(static_cast<const char*>(collective.send), collective.sendBytes);
            c->rendezvous.post(number, collective.description + "\n" + elements);
            *posted = true;
        }
        bool all = true;
        for (int other = 0; other < c->ranks; other++) all = all && c->rendezvous.has(number, other);
        if (!all && c->rendezvous.lost() >= 0) {
            c->asyncError = REMOTE_ERROR;
            return true;
        }
        return all;
    };
    work.run = [=](Running&) {
        if (c->asyncError != 0) {
            // The others are gone: what should have come never does.
            journal("nccl", format("%s: rank %d is gone", collective.description.c_str(), c->rendezvous.lost()));
            std::memset(collective.receive, POISON, collective.receiveBytes);
            return;
        }
        std::string result = collective.combine(collect(*c, number, collective));
        std::memcpy(collective.receive, result.data(), collective.receiveBytes);
        // All have posted this one, so all have finished the one before.
        if (number > 0) c->rendezvous.forget(number - 1);
    };
    enqueue(stream, c->device, std::move(work));
}

size_t elementBytes(int type) {
    size_t bytes = ncclBytes(type);
    if (bytes == 0) refuse(INVALID_ARGUMENT, format("the simulator has no NCCL type %d", type));
    return bytes;
}

void checkBuffers(const Communicator& c, const void* send, size_t sendBytes, const void* receive, size_t receiveBytes,
                  const void* inPlace) {
    if (sendBytes != 0) needDevice(send, sendBytes, c.device, "the send buffer");
    if (receiveBytes != 0) needDevice(receive, receiveBytes, c.device, "the receive buffer");
    auto a = reinterpret_cast<uintptr_t>(send), b = reinterpret_cast<uintptr_t>(receive);
    if (sendBytes != 0 && send != inPlace && a < b + receiveBytes && b < a + sendBytes) {
        refuse(INVALID_ARGUMENT, "the buffers overlap, but not as an operation in place does");
    }
}

}  // namespace

namespace sim {

void listCollectives(std::vector<std::string>& into) {
    for (auto& [handle, c] : communicators) {
        into.push_back(format("NCCL communicator of rank %d of %d on device %d", c->rank, c->ranks, c->device));
    }
}

void resetCollectives() {
    for (auto& [handle, c] : communicators) c->rendezvous.abort();
    communicators.clear();
}

}  // namespace sim

extern "C" {

int ncclGetVersion(int* version) {
    return callAlways(Library::nccl, __func__, [&] {
        if (version == nullptr) refuse(INVALID_ARGUMENT, "there is no place for the version: null");
        *version = 22903;
    });
}

int ncclGetUniqueId(UniqueId* id) {
    return callAlways(Library::nccl, __func__, [&] {
        if (id == nullptr) refuse(INVALID_ARGUMENT, "there is no place for the id: null");
        std::string text = MAGIC + Rendezvous::create();
        if (text.size() >= ID_BYTES) refuse(SYSTEM_ERROR, "the path of the temporary folder is too long: " + text);
        std::memset(id->bytes, 0, ID_BYTES);
        std::memcpy(id->bytes, text.data(), text.size());
    });
}

int ncclGroupStart() {
    return callAlways(Library::nccl, __func__, [&] {
        if (groupDepth++ == 0) groupJoins = new std::vector<std::shared_ptr<Communicator>>();
    });
}

int ncclGroupEnd() {
    return callAlways(Library::nccl, __func__, [&] {
        if (groupDepth == 0) refuse(INVALID_USAGE, "no group was started");
        if (--groupDepth > 0) return;
        std::unique_ptr<std::vector<std::shared_ptr<Communicator>>> joins(groupJoins);
        groupJoins = nullptr;
        for (auto& c : *joins) waitForAll(*c);
    });
}

int ncclCommInitRank(void** communicator, int ranks, UniqueId id, int rank) {
    return call(Library::nccl, __func__, [&] {
        bindContext();
        if (communicator == nullptr) refuse(INVALID_ARGUMENT, "there is no place for the communicator: null");
        if (ranks < 1 || rank < 0 || rank >= ranks) refuse(INVALID_ARGUMENT, format("rank %d of %d", rank, ranks));
        id.bytes[ID_BYTES - 1] = 0;
        if (std::strncmp(id.bytes, MAGIC, std::strlen(MAGIC)) != 0) refuse(INVALID_ARGUMENT, "the id is not ncclGetUniqueId's");
        auto c = std::make_shared<Communicator>();
        c->rank = rank;
        c->ranks = ranks;
        c->device = currentDevice();
        c->rendezvous = Rendezvous(id.bytes + std::strlen(MAGIC), rank, ranks);
        for (auto& [handle, other] : communicators) {
            bool same = other->device == c->device && other->ranks == ranks && other->rendezvous.sameFolder(c->rendezvous);
            if (same) refuse(INVALID_USAGE, format("ranks %d and %d share device %d", other->rank, rank, c->device));
        }
        if (!c->rendezvous.join()) refuse(INVALID_USAGE, format("rank %d has joined already", rank));
        *communicator = reinterpret_cast<void*>(0x7f57000000000000ull + 64 * nextHandle++);
        communicators[*communicator] = c;
        if (groupDepth > 0) {
            groupJoins->push_back(c);
        } else {
            waitForAll(*c);
        }
    });
}

int ncclCommDestroy(void* communicator) {
    return callAlways(Library::nccl, __func__, [&] {
        auto c = resolve(communicator);
        if (!isSpoiled(c->device)) synchronizeDevice(c->device);
        c->rendezvous.leave();
        communicators.erase(communicator);
    });
}

int ncclCommAbort(void* communicator) {
    return callAlways(Library::nccl, __func__, [&] {
        auto c = resolve(communicator);
        c->asyncError = c->asyncError == 0 ? SYSTEM_ERROR : c->asyncError;
        c->rendezvous.abort();
        communicators.erase(communicator);
    });
}

int ncclCommGetAsyncError(void* communicator, int* error) {
    return callAlways(Library::nccl, __func__, [&] {
        auto c = resolve(communicator);
        if (error == nullptr) refuse(INVALID_ARGUMENT, "there is no place for the error: null");
        *error = c->asyncError;
    });
}

int ncclCommCount(void* communicator, int* count) {
    return callAlways(Library::nccl, __func__, [&] {
        if (count == nullptr) refuse(INVALID_ARGUMENT, "there is no place for the count: null");
        *count = resolve(communicator)->ranks;
    });
}

int ncclCommUserRank(void* communicator, int* rank) {
    return callAlways(Library::nccl, __func__, [&] {
        if (rank == nullptr) refuse(INVALID_ARGUMENT, "there is no place for the rank: null");
        *rank = resolve(communicator)->rank;
    });
}

int ncclAllReduce(const void* send, void* receive, size_t count, int type, int operation, void* communicator, void* stream) {
    return call(Library::nccl, __func__, [&] {
        auto c = resolve(communicator);
        size_t bytes = count * elementBytes(type);
        if (operation < 0 || operation > 4) refuse(INVALID_ARGUMENT, format("%d is no reduction", operation));
        checkBuffers(*c, send, bytes, receive, bytes, receive);
        submit(c, stream, {format("all-reduce of %zu elements of type %d with operation %d", count, type, operation), send,
                           bytes, receive, bytes, [=](const std::vector<std::string>& all) {
                               return reduceInRankOrder(all, type, operation);
                           }});
    });
}

int ncclAllGather(const void* send, void* receive, size_t count, int type, void* communicator, void* stream) {
    return call(Library::nccl, __func__, [&] {
        auto c = resolve(communicator);
        size_t bytes = count * elementBytes(type), all = bytes * static_cast<size_t>(c->ranks);
        auto* own = static_cast<const char*>(receive) + bytes * static_cast<size_t>(c->rank);
        checkBuffers(*c, send, bytes, receive, all, own);
        submit(c, stream, {format("all-gather of %zu elements of type %d", count, type), send, bytes, receive, all,
                           [](const std::vector<std::string>& parts) {
                               std::string whole;
                               for (const std::string& part : parts) whole += part;
                               return whole;
                           }});
    });
}

int ncclBroadcast(const void* send, void* receive, size_t count, int type, int root, void* communicator, void* stream) {
    return call(Library::nccl, __func__, [&] {
        auto c = resolve(communicator);
        size_t bytes = count * elementBytes(type);
        if (root < 0 || root >= c->ranks) refuse(INVALID_ARGUMENT, format("root %d of %d ranks", root, c->ranks));
        size_t sent = c->rank == root ? bytes : 0;
        checkBuffers(*c, send, sent, receive, bytes, receive);
        submit(c, stream, {format("broadcast of %zu elements of type %d from rank %d", count, type, root), send, sent,
                           receive, bytes, [=](const std::vector<std::string>& all) {
                               return all[static_cast<size_t>(root)];
                           }});
    });
}

const char* ncclGetErrorString(int status) {
    switch (status) {
        case 0: return "no error";
        case 1: return "unhandled cuda error";
        case SYSTEM_ERROR: return "unhandled system error";
        case INVALID_ARGUMENT: return "invalid argument";
        case INVALID_USAGE: return "invalid usage";
        case REMOTE_ERROR: return "remote process exited or there was a network error";
        default: return "internal error";
    }
}

const char* ncclGetLastError(void*) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    static std::string text;
    text = lastReason();
    return text.c_str();
}
}
