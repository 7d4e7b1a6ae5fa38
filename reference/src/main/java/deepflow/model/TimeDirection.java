package deepflow.model;

/// Which way a checkpoint runs time.
public enum TimeDirection {
    /// Data at 0, noise at 1: the paper's way, and this project's.
    DATA_AT_ZERO {
        @Override
        public VelocityModel seenFromHere(VelocityModel published) {
            return published;
        }
    },
    /// Noise at 0, data at 1: published SiT checkpoints. v(x, t) = −v_SiT(x, 1 − t).
    NOISE_AT_ZERO {
        @Override
        public VelocityModel seenFromHere(VelocityModel published) {
            return new ReversedTime(published);
        }
    };

    /// The model with data at time 0.
    ///
    /// @param published the model that the checkpoint's weights were trained as
    public abstract VelocityModel seenFromHere(VelocityModel published);
}
