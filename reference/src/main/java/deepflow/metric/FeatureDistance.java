package deepflow.metric;

import deepflow.autograd.Tape;
import deepflow.model.ModelConfig;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.Parameters;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// How far a layer's features are from the final layer's, the question of the paper's figures 2d and 5. The paper gives
/// no formula; here
///
/// distance(f, g) = mean over samples and tokens of ‖ f/‖f‖ − g/‖g‖ ‖², = 2 − 2·cos(f, g),
///
/// f and g the tokens (N, T, D) that leave two blocks, each token divided by its length (at least 1e-12): 0 for
/// features
/// in the same direction, 2 for unrelated ones, 4 for opposite ones. The model's last block is the one compared with.
public final class FeatureDistance {
    private static final double SMALLEST = 1e-12;

    private FeatureDistance() {}

    /// The distance between two layers' tokens.
    ///
    /// @throws IllegalArgumentException if they differ in number or width
    public static double between(Features f, Features g) {
        f.checkWidth(g);
        if (f.count() != g.count() || f.count() == 0) {
            throw new IllegalArgumentException(
                    "two layers have as many tokens as each other, got " + f.count() + " and " + g.count());
        }
        int d = f.width();
        double sum = 0;
        for (int row = 0; row < f.count(); row++) {
            double lengthF = length(f, row);
            double lengthG = length(g, row);
            for (int j = row * d; j < (row + 1) * d; j++) {
                double difference = f.values()[j] / lengthF - g.values()[j] / lengthG;
                sum += difference * difference;
            }
        }
        return sum / f.count();
    }

    private static double length(Features f, int row) {
        double sum = 0;
        for (int j = row * f.width(); j < (row + 1) * f.width(); j++) {
            sum += f.values()[j] * f.values()[j];
        }
        return Math.max(SMALLEST, Math.sqrt(sum));
    }

    /// The distance of every block's features from the last block's, for one batch.
    ///
    /// @param weights the model's parameters on the back end, by name
    /// @param x interpolants (N, C, H, W)
    /// @param t their times (N), the same for every branch
    /// @param labels (N)
    /// @return by the number of blocks that came before, 1 … L; L has distance 0
    public static TreeMap<Integer, Double> byBlock(
            Backend backend, VelocityModel model, Map<String, Tensor> weights, double[] x, double[] t, int[] labels) {
        ModelConfig c = model.config();
        Map<String, Tensor> outputs = new HashMap<>();
        TreeMap<Integer, Double> distances = new TreeMap<>();
        try (Arena _ = backend.arena()) {
            Tape tape = Tape.inference(backend);
            Context root =
                    Context.root(tape, Parameters.on(tape, Declarations.of(model), weights), (name, value, alias) -> {
                        outputs.put(name, value.value());
                        return value;
                    });
            Tensor time = backend.upload(t, Shape.of(t.length));
            Tensor image = backend.upload(x, Shape.of(t.length, c.channels(), c.size(), c.size()));
            Tensor y = backend.uploadIndices(labels, Shape.of(t.length));
            model.forward(root, tape.constant(image), Collections.nCopies(c.k(), time), y);
            Features last = tokens(backend, outputs, c, c.depth());
            for (int block = 1; block <= c.depth(); block++) {
                distances.put(block, between(tokens(backend, outputs, c, block), last));
            }
        }
        return distances;
    }

    private static Features tokens(Backend backend, Map<String, Tensor> outputs, ModelConfig c, int block) {
        Tensor output = outputs.get("blocks." + (block - 1));
        if (output == null) {
            throw new IllegalStateException("block " + block + " reported no output");
        }
        return Features.of(backend.download(output), c.width());
    }
}
