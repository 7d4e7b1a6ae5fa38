/// What a training step is beside the model: a batch, its losses ([deepflow.train.Objective]), and the optimizer's
/// step ([deepflow.train.GradientClip], then [deepflow.train.ParameterState#step]: AdamW and a moving average).
///
/// Not here: the losses' formulas (`deepflow.equation`), the kernels that change parameters
/// (`deepflow.tensor.Backend`), loops over steps (`deepflow.experiment`).
@NullMarked
package deepflow.train;

import org.jspecify.annotations.NullMarked;
