// libnvrtc.so.13: a program is compiled by g++ with the kernel shim into a shared library, kept in the cache folder
// under the hash of everything that went into it. Its "cubin" is a magic line, the library's path and the kernels'
// launch bounds, which cuModuleLoadData reads back.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "../core/device.h"
#include "../core/status.h"
#include "rewrite.h"

using namespace sim;

namespace {

enum { OUT_OF_PROGRAM = 2, INVALID_INPUT = 3, INVALID_PROGRAM = 4, INVALID_OPTION = 5, COMPILATION = 6, INTERNAL = 11 };

struct Program {
    std::string source, name, log, image;
    bool compiled = false;
};

std::map<void*, Program> programs;
uintptr_t nextProgram = 1;

Program& resolve(void* handle) {
    auto found = programs.find(handle);
    if (found == programs.end()) fail(Library::nvrtc, INVALID_PROGRAM, "%p is not a program, or was destroyed", handle);
    return found->second;
}

// FNV-1a, twice with different starts: 128 bits are enough for a cache of a test run.
std::string hash(const std::string& text) {
    std::string result;
    for (uint64_t start : {14695981039346656037ull, 1099511628211ull}) {
        uint64_t value = start;
        for (unsigned char c : text) value = (value ^ c) * 1099511628211ull;
        result += format("%016llx", static_cast<unsigned long long>(value));
    }
    return result;
}

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void write(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file) fail(Library::nvrtc, INTERNAL, "the simulator cannot write %s", path.c_str());
}

std::string quoted(const std::string& text) {
    std::string result = "'";
    for (char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

int shell(const std::string& command) { return std::system(command.c_str()); }

// NVRTC's options that mean something here; others that NVRTC has are accepted, unknown ones refused.
struct CompilerOptions {
    std::string defines;
    bool contract = true;
};

CompilerOptions parse(int count, const char* const* given) {
    CompilerOptions result;
    for (int i = 0; i < count; i++) {
        if (given == nullptr || given[i] == nullptr) fail(Library::nvrtc, INVALID_INPUT, "option %d is null", i);
        std::string option = given[i];
        auto begins = [&](const char* start) { return option.rfind(start, 0) == 0; };
        if (option == "-D" || option == "--define-macro") {
            if (++i == count) fail(Library::nvrtc, INVALID_OPTION, "-D without a name");
            result.defines += " -D" + quoted(given[i]);
        } else if (begins("-D") || begins("--define-macro=")) {
            result.defines += " -D" + quoted(option.substr(begins("-D") ? 2 : 15));
        } else if (begins("--gpu-architecture=") || begins("-arch=")) {
            std::string name = option.substr(option.find('=') + 1);
            int number = std::atoi(name.c_str() + std::min(name.size(), name.find('_') + 1));
            if ((name.rfind("sm_", 0) != 0 && name.rfind("compute_", 0) != 0) || number < 75) {
                fail(Library::nvrtc, INVALID_OPTION, "'%s' is no architecture of CUDA 13", name.c_str());
            }
            result.defines += format(" -D__CUDA_ARCH__=%d", number * 10);
        } else if (begins("--fmad=") || begins("-fmad=")) {
            result.contract = option.substr(option.find('=') + 1) == "true";
        } else if (!begins("--std=") && !begins("-std=") && !begins("--use_fast_math") && !begins("-use_fast_math") &&
                   !begins("--ftz=") && !begins("--prec-") && !begins("--extra-device-vectorization") &&
                   !begins("-lineinfo") && !begins("--generate-line-info") && !begins("--device-as-default") &&
                   !begins("-default-device") && !begins("--restrict") && !begins("--maxrregcount=")) {
            fail(Library::nvrtc, INVALID_OPTION, "the simulator does not know the option '%s'", given[i]);
        }
    }
    return result;
}

void compile(Program& program, const CompilerOptions& wanted) {
    const Options& all = options();
    if (all.cache.empty() || all.kernelHeader.empty()) {
        fail(Library::nvrtc, INTERNAL, "the simulator was not told its folder of compiled kernels");
    }
    std::string flags = " -std=c++17 -O2 -fPIC -fvisibility=hidden -w -nostdinc -nostdinc++ -fno-strict-aliasing -fno-gnu-unique";
    flags += __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? " -march=x86-64-v3" : "";
    flags += wanted.contract ? " -ffp-contract=fast" : " -ffp-contract=off";
    if (all.memcheck) {
        flags += " -DCUDASIM_MEMCHECK -fsanitize=thread --param tsan-instrument-func-entry-exit=0"
                 " -fno-store-merging -fno-tree-vectorize";
    }
    std::string key = hash(program.source + "\n" + program.name + "\n" + wanted.defines + flags + all.build);
    std::string stem = all.cache + "/" + key;
    program.image = stem + ".image";
    if (access(program.image.c_str(), R_OK) == 0) return;

    // Made aside and renamed, since other processes share the folder.
    std::string folder = stem + format(".%d", static_cast<int>(getpid()));
    mkdir(folder.c_str(), 0755);
    std::string file = program.name;
    for (char& c : file) {
        if (c == '/') c = '_';
    }
    write(folder + "/" + file, program.source);
    std::string into = "cd " + quoted(folder) + " && ";
    bool good = shell(into + "g++ -E -x c++ -nostdinc -nostdinc++ -D__CUDACC__ -D__CUDACC_RTC__" + wanted.defines + " " +
                      quoted(file) + " -o preprocessed.ii 2> log") == 0;
    Rewritten rewritten;
    if (good) {
        rewritten = rewriteKernels(read(folder + "/preprocessed.ii"));
        write(folder + "/rewritten.cpp", rewritten.source);
        good = shell(into + "g++" + flags + " -c -include " + quoted(all.kernelHeader) +
                     " rewritten.cpp -o kernel.o 2> log") == 0 &&
               shell(into + "g++ -shared kernel.o -o kernel.so " + quoted(all.cache + "/../libcudasim.so") +
                     " -lm 2> log") == 0;
    }
    program.log = read(folder + "/log");
    if (good) {
        std::string image = stem + ".so\n";
        for (auto& [name, bound] : rewritten.kernels) image += name + " " + std::to_string(bound) + "\n";
        rename((folder + "/kernel.so").c_str(), (stem + ".so").c_str());
        write(folder + "/image", image);
        rename((folder + "/image").c_str(), program.image.c_str());
    }
    shell("rm -rf " + quoted(folder));
    if (!good) {
        program.image.clear();
        fail(Library::nvrtc, COMPILATION, "g++ refused the kernel: %s", program.log.substr(0, 400).c_str());
    }
}

std::string image(void* handle) {
    Program& program = resolve(handle);
    if (!program.compiled) fail(Library::nvrtc, INVALID_PROGRAM, "the program was not compiled");
    return "CUDASIM\n" + read(program.image);
}

template <class T>
void needPointer(T* pointer, const char* what) {
    if (pointer == nullptr) fail(Library::nvrtc, INVALID_INPUT, "%s is null", what);
}

}  // namespace

extern "C" {

int nvrtcVersion(int* major, int* minor) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(major, "major");
        needPointer(minor, "minor");
        *major = 13;
        *minor = 1;
    });
}

int nvrtcGetNumSupportedArchs(int* count) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(count, "the count");
        *count = 6;
    });
}

int nvrtcGetSupportedArchs(int* architectures) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(architectures, "the architectures");
        const int all[] = {75, 80, 86, 89, 90, 100};
        std::memcpy(architectures, all, sizeof all);
    });
}

int nvrtcCreateProgram(void** program, const char* source, const char* name, int headers, const char* const* contents,
                       const char* const* names) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(program, "the program");
        needPointer(source, "the source");
        if (headers != 0 || contents != nullptr || names != nullptr) {
            fail(Library::nvrtc, INVALID_INPUT, "kernels of this project have no headers, %d given", headers);
        }
        *program = reinterpret_cast<void*>(0x7f52000000000000ull + 64 * nextProgram++);
        Program& made = programs[*program];
        made.source = source;
        made.name = name == nullptr || *name == 0 ? "default_program" : name;
    });
}

int nvrtcDestroyProgram(void** program) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(program, "the program");
        resolve(*program);
        programs.erase(*program);
        *program = nullptr;
    });
}

int nvrtcCompileProgram(void* program, int count, const char* const* given) {
    return callAlways(Library::nvrtc, __func__, [&] {
        Program& made = resolve(program);
        compile(made, parse(count, given));
        made.compiled = true;
    });
}

int nvrtcGetProgramLogSize(void* program, size_t* size) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(size, "the size");
        *size = resolve(program).log.size() + 1;
    });
}

int nvrtcGetProgramLog(void* program, char* log) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(log, "the log");
        std::strcpy(log, resolve(program).log.c_str());
    });
}

// PTX and cubin are the same text here; the first counts its closing zero.
int nvrtcGetCUBINSize(void* program, size_t* size) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(size, "the size");
        *size = image(program).size();
    });
}

int nvrtcGetCUBIN(void* program, char* bytes) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(bytes, "the bytes");
        std::string text = image(program);
        std::memcpy(bytes, text.data(), text.size());
    });
}

int nvrtcGetPTXSize(void* program, size_t* size) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(size, "the size");
        *size = image(program).size() + 1;
    });
}

int nvrtcGetPTX(void* program, char* text) {
    return callAlways(Library::nvrtc, __func__, [&] {
        needPointer(text, "the text");
        std::strcpy(text, image(program).c_str());
    });
}

const char* nvrtcGetErrorString(int result) {
    switch (result) {
        case 0: return "NVRTC_SUCCESS";
        case 1: return "NVRTC_ERROR_OUT_OF_MEMORY";
        case OUT_OF_PROGRAM: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
        case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
        case INVALID_PROGRAM: return "NVRTC_ERROR_INVALID_PROGRAM";
        case INVALID_OPTION: return "NVRTC_ERROR_INVALID_OPTION";
        case COMPILATION: return "NVRTC_ERROR_COMPILATION";
        case INTERNAL: return "NVRTC_ERROR_INTERNAL_ERROR";
        default: return "NVRTC_ERROR unknown";
    }
}
}

namespace sim {

void listPrograms(std::vector<std::string>& into) {
    for (auto& [handle, program] : programs) into.push_back("NVRTC program '" + program.name + "'");
}

void resetPrograms() { programs.clear(); }

}  // namespace sim
