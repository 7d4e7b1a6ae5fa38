#include "rewrite.h"

#include <cstdlib>
#include <regex>

namespace sim {

namespace {

// The `(…)` that begins at or after `from`; its end, or npos when something else comes first.
size_t closing(const std::string& text, size_t open) {
    int depth = 0;
    for (size_t i = open; i < text.size(); i++) {
        if (text[i] == '(') depth++;
        if (text[i] == ')' && --depth == 0) return i;
    }
    return std::string::npos;
}

bool identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::string rewriteShared(const std::string& text) {
    static const std::regex dynamicArray(
        R"(extern\s+__shared__\s+(?:__align__\s*\(\s*\d+\s*\)\s*)?((?:\w+\s+)*\w+)\s+(\w+)\s*\[\s*\]\s*;)");
    return std::regex_replace(text, dynamicArray, "$1* $2 = reinterpret_cast<$1*>(cudasim_ctx.shared);");
}

unsigned boundIn(const std::string& head) {
    size_t at = head.find("__launch_bounds__");
    if (at == std::string::npos) return 1024;
    size_t open = head.find('(', at);
    auto bound = static_cast<unsigned>(std::strtoul(head.c_str() + open + 1, nullptr, 10));
    return bound == 0 ? 1024 : bound;
}

}  // namespace

Rewritten rewriteKernels(const std::string& preprocessed) {
    Rewritten result;
    result.source = rewriteShared(preprocessed);
    const std::string& text = result.source;
    const std::string word = "__global__";
    std::string announcements;
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + word.size())) {
        if (at > 0 && identifier(text[at - 1])) continue;
        // The parameter list is the last (…) before `{` or `;`.
        size_t i = at + word.size(), open = std::string::npos, close = std::string::npos;
        while (i < text.size() && text[i] != '{' && text[i] != ';') {
            if (text[i] == '(') {
                open = i;
                close = closing(text, i);
                if (close == std::string::npos) break;
                i = close;
            }
            i++;
        }
        if (i >= text.size() || text[i] != '{' || open == std::string::npos) continue;
        size_t end = open;
        while (end > at && !identifier(text[end - 1])) end--;
        size_t begin = end;
        while (begin > at && identifier(text[begin - 1])) begin--;
        std::string name = text.substr(begin, end - begin);
        result.kernels.push_back({name, boundIn(text.substr(at, open - at))});
        announcements += "CUDASIM_KERNEL(" + name + ")\n";
    }
    result.source += "\n" + announcements;
    return result;
}

}  // namespace sim
