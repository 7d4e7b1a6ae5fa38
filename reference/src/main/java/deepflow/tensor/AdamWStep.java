package deepflow.tensor;

/// The constants of one AdamW step (Loshchilov and Hutter 2019, in PyTorch's form; SPEC §6).
///
/// @param lr learning rate
/// @param beta1 decay of the first moment
/// @param beta2 decay of the second moment
/// @param eps added to the root of the second moment
/// @param weightDecay decoupled weight decay
/// @param step number of this step, counted from 1
public record AdamWStep(double lr, double beta1, double beta2, double eps, double weightDecay, long step) {
    /// @throws IllegalArgumentException if `step` is less than 1
    public AdamWStep {
        if (step < 1) {
            throw new IllegalArgumentException("AdamW counts its steps from 1, got " + step);
        }
    }
}
