package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.model.ModelConfig;
import deepflow.parallel.Ranks;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.BatchOrder;
import deepflow.train.TrainingDraws;
import java.util.ArrayList;
import java.util.List;

/// Puts samples and random numbers together. Sample n of step s has the position (s − 1)·batch + n.
final class Batches {
    private final RunConfig config;
    private final DataSet data;
    private final BatchOrder order;
    private final TrainingDraws draws;

    /// @throws RunRefused if the data do not fit the model
    Batches(RunConfig config, DataSet data) {
        this.config = config;
        this.data = data;
        this.order = new BatchOrder(config.seed(), data.count());
        this.draws = config.draws();
        ModelConfig m = config.model();
        require(
                data.channels() == m.channels() && data.side() == m.size(),
                data.id() + " has images of " + data.channels() + "×" + data.side() + "×" + data.side()
                        + ", the model takes " + m.channels() + "×" + m.size() + "×" + m.size());
        require(
                data.classes() <= m.classes(),
                data.id() + " has " + data.classes() + " classes, the model only " + m.classes());
        if (m.sslDim() > 0 && m.k() > 1) {
            require(
                    data.featureWidth() == m.sslDim() && data.featureTokens() == m.tokens(),
                    "the model's SSL alignment needs encoder features of " + m.tokens() + " tokens × " + m.sslDim()
                            + ", " + data.id() + " has " + data.featureTokens() + " × " + data.featureWidth());
        }
    }

    private static void require(boolean condition, String sentence) {
        if (!condition) {
            throw new RunRefused("The data do not fit: " + sentence + ".");
        }
    }

    /// The parts of a step's batch that a rank computes: of n ranks, rank r has parts r, r + n, r + 2·n …
    ///
    /// @param step counted from 1
    List<Batch> of(Backend b, Ranks ranks, long step) {
        int size = config.batch() / config.accumulate();
        List<Batch> parts = new ArrayList<>();
        for (int i = ranks.rank(); i < config.accumulate(); i += ranks.count()) {
            parts.add(part(b, step, (step - 1) * config.batch() + (long) i * size, size));
        }
        return parts;
    }

    private Batch part(Backend b, long step, long first, int size) {
        ModelConfig m = config.model();
        int pixels = m.channels() * m.size() * m.size();
        boolean aligned = m.sslDim() > 0 && m.k() > 1;
        double[] x0 = new double[Math.multiplyExact(size, pixels)];
        double[] x1 = new double[x0.length];
        double[][] t = new double[m.k()][size];
        double[] z = new double[aligned ? Math.multiplyExact(size, m.tokens() * m.sslDim()) : 0];
        double[] noise = new double[pixels];
        int[] y = new int[size];
        int sign = draws.sign(step);
        for (int n = 0; n < size; n++) {
            long position = first + n;
            int index = order.index(position);
            System.arraycopy(data.image(index, config.seed(), order.epoch(position)), 0, x0, n * pixels, pixels);
            draws.noise(position, noise);
            System.arraycopy(noise, 0, x1, n * pixels, pixels);
            double[] times = draws.times(position, sign);
            for (int i = 0; i < times.length; i++) {
                t[i][n] = times[i];
            }
            y[n] = draws.label(position, data.label(index), m.classes());
            if (aligned) {
                double[] features = data.features(index);
                System.arraycopy(features, 0, z, n * features.length, features.length);
            }
        }
        Shape image = Shape.of(size, m.channels(), m.size(), m.size());
        List<Tensor> times = new ArrayList<>();
        for (double[] ti : t) {
            times.add(b.upload(ti, Shape.of(size)));
        }
        return new Batch(
                b.upload(x0, image),
                b.upload(x1, image),
                times,
                b.uploadIndices(y, Shape.of(size)),
                aligned ? b.upload(z, Shape.of(size, m.tokens(), m.sslDim())) : null);
    }
}
