/// The CPU back end: [deepflow.tensor.Backend] over plain arrays with the Vector API, in float64 and float32.
///
/// Every `*F64` class is the source of a generated `*F32` twin, unless a hand-written one stands beside it.
///
/// **The same bits everywhere.** Results do not depend on thread count, vector width, JIT state or run:
/// - Only exact IEEE lane operations are used (add, sub, mul, div, sqrt, fma, compare, blend, reinterpret, integer
///   add and shift). No `reduceLanes`, no lane-wise `EXP`, `TANH` or `SIN`: those differ between compilers.
/// - Kernels have a *vector body* and a *scalar tail* that repeats the body's operations one element at a time;
///   where vectors are no help (interpreter, no FMA hardware: [deepflow.cpu.Machine]) the tail does everything.
/// - Sums run in an order that depends only on shapes: products over k in blocks of 256
///   ([deepflow.cpu.ProductsF64]), rows in 512 bits of virtual lanes ([deepflow.cpu.RowSumsF64]).
/// - Threads share out outputs, never the terms of one sum ([deepflow.thread.Threads]).
/// - NaNs become the canonical one when a result is written ([deepflow.cpu.LanesF64#canonical]), because which
///   payload survives an operation depends on hardware and operand order.
///
/// Not here: what an operation means (`deepflow.tensor`), gradients of compositions (`deepflow.autograd`).
@NullMarked
package deepflow.cpu;

import org.jspecify.annotations.NullMarked;
