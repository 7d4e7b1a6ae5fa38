// What tests call: the exported cudasim_* functions. Texts are returned in a buffer of the caller; each function says
// how many bytes the whole text has.
#include <cstring>

#include "../cublas/handle.h"
#include "../cudnn/descriptor.h"
#include "../driver/module.h"
#include "device.h"
#include "memory.h"
#include "status.h"
#include "stream.h"

namespace sim {
void listPrograms(std::vector<std::string>& into);
void resetPrograms();
void resetCollectives();
void listCollectives(std::vector<std::string>& into);
}  // namespace sim

using namespace sim;

namespace {

long copyOut(const std::string& text, char* buffer, long bytes) {
    if (buffer != nullptr && bytes > 0) {
        size_t count = std::min(text.size(), static_cast<size_t>(bytes));
        std::memcpy(buffer, text.data(), count);
    }
    return static_cast<long>(text.size());
}

}  // namespace

extern "C" {

// 0, or 1 for an option that does not exist or a value it cannot take.
int cudasim_option(const char* name, const char* value) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    try {
        setOption(name, value);
        return 0;
    } catch (const Failure&) {
        return 1;
    }
}

// Why the last refused call was refused.
long cudasim_last_reason(char* buffer, long bytes) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return copyOut(lastReason(), buffer, bytes);
}

// Lines of the journal since the last call that fetched them; a null buffer asks for their size and keeps them.
long cudasim_journal(char* buffer, long bytes) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    long size = copyOut(journalText(), buffer, bytes);
    if (buffer != nullptr) clearJournal();
    return size;
}

// One line for each thing that was made and not yet destroyed.
long cudasim_leaks(char* buffer, long bytes) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    std::vector<std::string> all;
    listAllocations(all);
    listStreams(all);
    listModules(all);
    listPrograms(all);
    listCublas(all);
    listCudnn(all);
    listCollectives(all);
    std::string text;
    for (const std::string& line : all) text += line + "\n";
    return copyOut(text, buffer, bytes);
}

// The `call`-th call of the function from now (1 is the next) returns `status`.
void cudasim_inject(const char* function, long call, int status) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    injectFault(function, call, status);
}

long cudasim_calls(const char* function) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return callsOf(function);
}

// As a new process: no memory, streams, handles, errors or faults. Options stay.
void cudasim_reset() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    resetCollectives();
    resetStreams();
    resetMemory();
    resetModules();
    resetPrograms();
    resetCublas();
    resetCudnn();
    resetDevices();
    resetStatus();
}

// Called by the generated stubs of functions the simulator does not have.
int cudasim_unsupported(const char* function, int library) {
    return callAlways(static_cast<Library>(library), function, [&] {
        const int numbers[] = {NOT_SUPPORTED, NOT_SUPPORTED, 11, CUBLAS_NOT_SUPPORTED, CUDNN_NOT_SUPPORTED, 5};
        fail(static_cast<Library>(library), numbers[library], "the simulator does not have this function");
    });
}
}
