// How ranks meet: a folder that the unique id names. Each rank leaves a file when it joins, one for each collective, and
// one when it goes; all are renamed into place, so that who sees a file sees all of it. Ranks may be threads, processes,
// or both.
#pragma once

#include <string>
#include <vector>

namespace sim {

class Rendezvous {
public:
    Rendezvous(std::string folder, int rank, int ranks) : folder(std::move(folder)), rank(rank), ranks(ranks) {}
    Rendezvous() = default;

    static std::string create();  // a new folder

    // False if this rank has joined already.
    bool join();
    bool allJoined() const;
    // The number of ranks that a rank said it expects; 0 if it has not joined.
    int expectedBy(int other) const;

    void post(long collective, const std::string& contribution);
    bool has(long collective, int other) const;
    std::string read(long collective, int other) const;
    // Nobody needs what this rank posted for it any more.
    void forget(long collective);

    bool sameFolder(const Rendezvous& other) const { return folder == other.folder; }

    // A rank that aborted or whose process ended, or -1.
    int lost() const;
    // The last one to go, either way, removes the folder.
    void abort();
    void leave();

private:
    std::string folder;
    int rank = 0, ranks = 0;

    std::string path(const std::string& what, int of) const { return folder + "/" + what + "." + std::to_string(of); }
    bool gone(int other) const;
    void end(const char* how);
    void write(const std::string& path, const std::string& text) const;
};

}  // namespace sim
