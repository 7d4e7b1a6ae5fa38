#include "race.h"

#include <unordered_map>

#include "status.h"

namespace sim {

namespace {
std::vector<std::string> names;
std::unordered_map<std::string, uint32_t> numbers;
}  // namespace

uint32_t intern(const std::string& text) {
    auto found = numbers.find(text);
    if (found != numbers.end()) return found->second;
    names.push_back(text);
    auto number = static_cast<uint32_t>(names.size() - 1);
    numbers[text] = number;
    return number;
}

const std::string& interned(uint32_t number) { return names[number]; }

void RaceShadow::report(const Actor& actor, const Touch& other, bool write, bool otherWrite, size_t granule,
                        const std::string& allocation) {
    journal("race", format("%s %s %s near byte %zu, unordered with %s, which %s it", actor.what.c_str(),
                           write ? "writes" : "reads", allocation.c_str(), granule * GRANULE,
                           interned(other.what).c_str(), otherWrite ? "writes" : "reads"));
}

// One entry for each stream, the latest.
void RaceShadow::keepRead(size_t granule, const Touch& read) {
    std::vector<Touch>& reads = moreReads[granule];
    for (Touch& earlier : reads) {
        if (earlier.stream == read.stream) {
            earlier = read;
            return;
        }
    }
    reads.push_back(read);
}

void RaceShadow::access(const Actor& actor, size_t from, size_t bytes, bool write, const std::string& allocation) {
    if (bytes == 0) return;
    size_t first = from / GRANULE, last = (from + bytes - 1) / GRANULE;
    if (cells.size() <= last) cells.resize(last + 1);
    Touch mine;
    mine.stream = actor.stream;
    mine.what = intern(actor.what);
    mine.clock = actor.clock;
    bool reported = false;
    auto unordered = [&](const Touch& other) {
        return !reported && other.clock != 0 && other.stream != actor.stream &&
               actor.after.of(other.stream) < other.clock;
    };
    for (size_t i = first; i <= last; i++) {
        Cell& cell = cells[i];
        if (unordered(cell.write)) {
            report(actor, cell.write, write, true, i, allocation);
            reported = true;
        }
        if (!write) {
            bool concurrent = cell.read.clock != 0 && cell.read.stream != actor.stream &&
                              actor.after.of(cell.read.stream) < cell.read.clock;
            if (concurrent) keepRead(i, cell.read);
            cell.read = mine;
            continue;
        }
        if (unordered(cell.read)) {
            report(actor, cell.read, true, false, i, allocation);
            reported = true;
        }
        if (!moreReads.empty()) {
            auto more = moreReads.find(i);
            if (more != moreReads.end()) {
                for (const Touch& read : more->second) {
                    if (unordered(read)) {
                        report(actor, read, true, false, i, allocation);
                        reported = true;
                    }
                }
                moreReads.erase(more);
            }
        }
        cell.write = mine;
        cell.read = Touch{};
    }
}

}  // namespace sim
