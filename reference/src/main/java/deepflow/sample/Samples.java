package deepflow.sample;

/// Finished samples.
///
/// @param values (N, C, H, W) in row-major order, as the model has them: pixels or latents in units of training
/// @param evaluations how many model evaluations each took; a guided drift takes two
public record Samples(double[] values, long[] evaluations) {}
