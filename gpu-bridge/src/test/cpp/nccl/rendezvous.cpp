#include "rendezvous.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/status.h"

namespace sim {

namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string opName(long collective) { return "collective-" + std::to_string(collective); }

}  // namespace

std::string Rendezvous::create() {
    const char* temporary = std::getenv("TMPDIR");
    std::string name = std::string(temporary == nullptr ? "/tmp" : temporary) + "/cudasim-nccl-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) fail(Library::nccl, 2, "the simulator cannot make the folder %s", name.c_str());
    return name;
}

void Rendezvous::write(const std::string& path, const std::string& text) const {
    std::string aside = path + ".part";
    std::ofstream file(aside, std::ios::binary);
    file << text;
    file.close();
    if (!file || std::rename(aside.c_str(), path.c_str()) != 0) {
        fail(Library::nccl, 2, "the simulator cannot write %s", path.c_str());
    }
}

bool Rendezvous::join() {
    if (exists(path("rank", rank))) return false;
    write(path("rank", rank), std::to_string(getpid()) + " " + std::to_string(ranks));
    return true;
}

bool Rendezvous::allJoined() const {
    for (int other = 0; other < ranks; other++) {
        if (!exists(path("rank", other))) return false;
    }
    return true;
}

int Rendezvous::expectedBy(int other) const {
    std::istringstream text(contents(path("rank", other)));
    int pid = 0, count = 0;
    text >> pid >> count;
    return count;
}

void Rendezvous::post(long collective, const std::string& contribution) {
    write(path(opName(collective), rank), contribution);
}

bool Rendezvous::has(long collective, int other) const { return exists(path(opName(collective), other)); }

std::string Rendezvous::read(long collective, int other) const { return contents(path(opName(collective), other)); }

void Rendezvous::forget(long collective) { unlink(path(opName(collective), rank).c_str()); }

bool Rendezvous::gone(int other) const {
    if (exists(path("abort", other)) || exists(path("left", other))) return true;
    std::istringstream text(contents(path("rank", other)));
    int pid = 0;
    return text >> pid && kill(pid, 0) != 0 && errno == ESRCH;
}

int Rendezvous::lost() const {
    for (int other = 0; other < ranks; other++) {
        if (other != rank && gone(other) && !exists(path("left", other))) return other;
    }
    return -1;
}

void Rendezvous::abort() { end("abort"); }

void Rendezvous::leave() { end("left"); }

void Rendezvous::end(const char* how) {
    write(path(how, rank), "");
    for (int other = 0; other < ranks; other++) {
        if (!gone(other)) return;
    }
    DIR* all = opendir(folder.c_str());
    if (all == nullptr) return;
    while (dirent* entry = readdir(all)) unlink((folder + "/" + entry->d_name).c_str());
    closedir(all);
    rmdir(folder.c_str());
}

}  // namespace sim
