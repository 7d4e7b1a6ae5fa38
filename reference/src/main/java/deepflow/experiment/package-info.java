/// Runs: data, model, training, sampling and metrics put together, and kept in folders. A run
/// ([deepflow.experiment.TrainingRun]) is determined by its configuration
/// ([deepflow.experiment.RunConfig]); killed at any moment, it resumes and ends with the same bytes. A
/// study is many runs and a table.
///
/// Not here: what a step computes (`deepflow.train`), printing (`deepflow.cli`).
@NullMarked
package deepflow.experiment;

import org.jspecify.annotations.NullMarked;
