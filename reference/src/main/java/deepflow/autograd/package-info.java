/// Reverse-mode differentiation: [deepflow.autograd.Tape] records what was computed, each operation puts its
/// backward beside a quote of its forward, and [deepflow.autograd.Tape#backward] walks the record in reverse.
///
/// Operations by family: [deepflow.autograd.Pointwise], [deepflow.autograd.Products], [deepflow.autograd.Rows],
/// [deepflow.autograd.Tokens],
/// [deepflow.autograd.Sums], [deepflow.autograd.Layout].
///
/// Not here: arithmetic on elements (`deepflow.tensor.Backend`), parameters and modules (`deepflow.nn`).
@NullMarked
package deepflow.autograd;

import org.jspecify.annotations.NullMarked;
