/// The CUDA simulator as tests see it: it builds NVIDIA's libraries from `src/test/cpp` with g++, loads them before the
/// presets, and reads what they found. See docs/cuda-simulator.md.
///
/// Not here: the back end under test, and nothing that production code may use.
@NullMarked
package deepflow.gpu.simulator;

import org.jspecify.annotations.NullMarked;
