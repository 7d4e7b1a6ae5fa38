/// The bug zoo: mistakes that people make when they write DeepFlow for a GPU, each with a name, a sentence, and a way
/// to
/// make it happen in the reference's own evaluation ([deepflow.oracle.zoo.Mistake]), without a switch in the model.
/// [deepflow.oracle.zoo.Zoo] lists them.
///
/// Not here: how a dump's errors are compared with them (`deepflow.oracle`), and how well that goes
/// (`deepflow.oracle.survey`).
@NullMarked
package deepflow.oracle.zoo;

import org.jspecify.annotations.NullMarked;
