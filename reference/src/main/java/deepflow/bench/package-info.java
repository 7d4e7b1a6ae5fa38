/// How fast work runs: whole steps as the PyTorch peer times them ([deepflow.bench.StepWork]), single operations
/// ([deepflow.bench.KernelWork]) and the limit they are held against, the processor's multiply-adds
/// ([deepflow.bench.FmaPeak]). [deepflow.bench.Stopwatch] says what a time is.
///
/// Operations are counted by `deepflow.cost`. Not here: printing (`deepflow.cli`), JMH benchmarks (`src/jmh`).
@NullMarked
package deepflow.bench;

import org.jspecify.annotations.NullMarked;
