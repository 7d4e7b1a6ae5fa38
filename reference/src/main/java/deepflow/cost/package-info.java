/// What a computation costs, found by running it over tensors that have a shape and no elements
/// ([deepflow.cost.MetaBackend]): its peak of memory, by purpose, its multiply-adds and the bytes that its
/// operations read and write ([deepflow.cost.Cost]). A step of the largest model takes milliseconds and is
/// counted from the code that trains it, so that the numbers stay right when that code changes.
///
/// Not here: which computations are counted (`deepflow.train`, `deepflow.sample` and `deepflow.oracle` run
/// their own), time (`deepflow.bench`).
@NullMarked
package deepflow.cost;

import org.jspecify.annotations.NullMarked;
