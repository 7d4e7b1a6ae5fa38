/// GPUs that train one model together, one process a GPU: NCCL, called by java.lang.foreign
/// ([deepflow.gpu.parallel.Nccl]), as [deepflow.parallel.Ranks] ([deepflow.gpu.parallel.NcclRanks]).
///
/// Not here: how the processes meet and learn of each other's end, and the sums (`deepflow.parallel` and
/// `deepflow.train` in module reference).
@NullMarked
package deepflow.gpu.parallel;

import org.jspecify.annotations.NullMarked;
