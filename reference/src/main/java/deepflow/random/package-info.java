/// Random numbers that are a function of (seed, purpose, index): [deepflow.random.KeyedRandom].
///
/// One key per sample, per step, per parameter; never per thread, batch or rank. So a run that is resumed, sharded or
/// batched otherwise draws the same numbers. All bits are specified here and held by test vectors; none depend on the
/// library's choices, the machine, or the JIT.
///
/// Not here: what is drawn for what (time samplers, initial values, noise), tensors, and shuffling of data.
@NullMarked
package deepflow.random;

import org.jspecify.annotations.NullMarked;
