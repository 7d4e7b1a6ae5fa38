package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.model.DeepFlow;
import deepflow.sample.EulerMaruyama;
import deepflow.sample.Flow;
import deepflow.sample.Guidance;
import deepflow.sample.Heun;
import deepflow.sample.ModelField;
import deepflow.sample.Progress;
import deepflow.sample.Sampler;
import deepflow.sample.Sampling;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/// How samples are drawn from a run's model.
///
/// @param sampler the method
/// @param guidance classifier-free guidance
/// @param seed of the noise
record Draw(Sampler sampler, Guidance guidance, long seed) {
    /// Samples drawn at a time.
    static final int BATCH = 256;

    /// For pictures: 20 steps of Heun's method.
    static Draw pictures(double guidance) {
        return new Draw(new Heun(20), Guidance.of(guidance), 0);
    }

    /// For distances: the SDE, as in the paper.
    static Draw sde(int steps, double guidance, long seed) {
        return new Draw(new EulerMaruyama(steps), Guidance.of(guidance), seed);
    }

    /// Samples of these classes, (N, C, H, W) in row-major order.
    ///
    /// @param weights of all parameters, by name
    double[] of(Backend b, RunConfig config, Map<String, Tensor> weights, int[] labels, Progress progress) {
        ModelField field = new ModelField(b, new DeepFlow(config.model()), weights);
        Flow flow = new Flow(config.objective().path(), config.objective().target());
        return new Sampling(field, flow, guidance, sampler)
                .keyed(seed, 0, labels, BATCH, progress)
                .values();
    }

    /// As many labels as there are data, each as often.
    static int[] labelsOf(DataSet data) {
        int[] labels = new int[data.count()];
        Arrays.setAll(labels, data::label);
        return labels;
    }
}
