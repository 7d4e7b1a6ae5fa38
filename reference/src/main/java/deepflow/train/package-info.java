/// What a training step is: its random numbers ([deepflow.train.TrainingDraws],
/// [deepflow.train.BatchOrder]), a batch, its losses ([deepflow.train.Objective]), and the optimizer's step
/// ([deepflow.train.LossScale] where products are fp16, [deepflow.train.GradientClip], then
/// [deepflow.train.ParameterState#step]: AdamW and a moving average); [deepflow.train.Trainer] puts them
/// together.
///
/// Not here: the losses' formulas (`deepflow.equation`), the kernels that change parameters
/// (`deepflow.tensor.Backend`), data (`deepflow.data`), loops over steps and files (`deepflow.experiment`).
@NullMarked
package deepflow.train;

import org.jspecify.annotations.NullMarked;
