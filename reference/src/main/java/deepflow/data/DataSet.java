package deepflow.data;

/// Labelled images of one size, by index. The same arguments give the same numbers, in any order of asking.
public interface DataSet {
    /// What it is called, for a run's records: `digits`, or a folder.
    String id();

    /// How many samples there are, at least 1.
    int count();

    /// C.
    int channels();

    /// H = W.
    int side();

    /// K: labels are 0 … K−1.
    int classes();

    /// One image (C, H, W), in the range a model is trained on.
    ///
    /// @param index from 0 to count − 1
    /// @param seed of the run; matters only where the image itself is drawn, as from VAE moments
    /// @param visit how many times the sample was seen before: the epoch
    double[] image(int index, long seed, long visit);

    /// The class of a sample.
    int label(int index);

    /// Z, width of the precomputed encoder features for SSL alignment; 0 where there are none.
    default int featureWidth() {
        return 0;
    }

    /// T, how many feature vectors a sample has; 0 where there are none.
    default int featureTokens() {
        return 0;
    }

    /// The encoder features (T, Z) of a sample.
    ///
    /// @throws UnsupportedOperationException where there are none
    default double[] features(int index) {
        throw new UnsupportedOperationException(id() + " has no encoder features");
    }
}
