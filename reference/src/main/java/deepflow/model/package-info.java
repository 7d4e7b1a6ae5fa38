/// Whole models: SiT and DeepFlow ([deepflow.model.DeepFlow]), the VeRA block, their configurations
/// ([deepflow.model.ModelConfig]), parameter names, initial values and counts.
///
/// Not here: equations (`deepflow.equation`), modules (`deepflow.nn`), losses over a batch and optimizers
/// (`deepflow.train`), files (`deepflow.io`, `deepflow.oracle`).
@NullMarked
package deepflow.model;

import org.jspecify.annotations.NullMarked;
