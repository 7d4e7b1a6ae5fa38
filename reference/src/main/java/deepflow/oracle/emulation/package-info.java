/// A step as it would have come out in another precision: a [deepflow.oracle.emulation.RoundingBackend] computes like
/// the back end under it and rounds every result to the type it would have had
/// ([deepflow.oracle.emulation.Arithmetic]), to nearest or, run after run, at random.
///
/// Not here: what is concluded from the runs (`deepflow.oracle.budget`, `deepflow.oracle`).
@NullMarked
package deepflow.oracle.emulation;

import org.jspecify.annotations.NullMarked;
