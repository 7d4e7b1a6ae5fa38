/// Several processes that train one model together: who they are ([deepflow.parallel.World], from the
/// environment that torchrun, Slurm or Kubernetes set), how they meet ([deepflow.parallel.Star], over TCP),
/// and the one thing they do together, [deepflow.parallel.Ranks#gather].
///
/// Sums over ranks are not made here: each rank adds what was gathered, in the order of ranks, with its back
/// end's own operations. So they have the same bits on all ranks, at every run, and as one process that
/// computes all parts itself.
///
/// Not here: which part of a batch is whose (`deepflow.train`), who writes files (`deepflow.experiment`), NCCL
/// (`deepflow.gpu.parallel` in module gpu-bridge, found by [deepflow.parallel.RanksProvider]).
@NullMarked
package deepflow.parallel;

import org.jspecify.annotations.NullMarked;
