/// Evidence that the equations of the paper are computed as they stand there: for each of them vectors made by another
/// implementation ([deepflow.oracle.verification.VectorFile]), gradients against central differences
/// ([deepflow.oracle.verification.GradientCheck]), and laws the formula obeys ([deepflow.oracle.verification.Law]).
/// [deepflow.oracle.verification.Verification] runs them all on any back end; tests run the same laws on random shapes.
///
/// Not here: the comparison of a user's dump with the model (`deepflow.oracle`).
@NullMarked
package deepflow.oracle.verification;

import org.jspecify.annotations.NullMarked;
