// Writes tensors of a C++ or CUDA program as .npy files into a folder that `deepflow check FOLDER` judges.
// One file for each tensor, named as in docs/dump-format.md: write_npy(folder, "act.blocks.0.mlp.fc1", "<f4", {n, t, d}, p).
// Types: "<f8", "<f4", "<f2", "<i8", "<i4", and "<u2" for bfloat16 (declare it in metadata.json).
#pragma once
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

inline void write_npy(const std::string& folder, const std::string& name, const std::string& type,
                      const std::vector<std::size_t>& shape, const void* data) {  // data on the host, row-major
    std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (";
    std::size_t bytes = type.back() - '0';
    for (std::size_t extent : shape) {
        header += std::to_string(extent) + ",";
        bytes *= extent;
    }
    header += "), }";
    header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 10, ' ');
    header.back() = '\n';
    std::string start("\x93NUMPY\x01\x00", 8);
    start += static_cast<char>(header.size() & 0xFF);
    start += static_cast<char>(header.size() >> 8);
    std::string path = folder + "/" + name + ".npy";
    std::FILE* file = std::fopen(path.c_str(), "wb");
    bool written = file && std::fwrite((start + header).data(), 1, start.size() + header.size(), file) == start.size() + header.size()
        && std::fwrite(data, 1, bytes, file) == bytes;
    if (!file || std::fclose(file) != 0 || !written) {
        throw std::runtime_error("cannot write " + path);
    }
}
