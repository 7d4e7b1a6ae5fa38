package deepflow.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.data.DataSet;
import deepflow.data.Digits;
import deepflow.model.Configs;
import deepflow.model.DeepFlow;
import deepflow.model.RandomWeights;
import deepflow.nn.Declarations;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Metrics on cases with known answers.
class MetricsTest {
    private static Features gaussian(int count, int width, double shift, long seed) {
        double[] values = new double[count * width];
        KeyedRandom.of(seed, "test", 1).gaussians(values);
        return Features.of(Arrays.stream(values).map(v -> v + shift).toArray(), width);
    }

    @Test
    void inceptionScoreOfCertaintyIsTheNumberOfClasses() {
        double[] logits = new double[20 * 5];
        for (int i = 0; i < 20; i++) {
            logits[i * 5 + i % 5] = 1000;
        }
        InceptionScore score = InceptionScore.of(Features.of(logits, 5), 2);
        assertEquals(5, score.mean(), 1e-12);
        assertEquals(0, score.deviation(), 1e-12);
    }

    @Test
    void inceptionScoreOfIndifferenceIsOne() {
        assertEquals(1, InceptionScore.of(Features.of(new double[30], 3), 1).mean(), 1e-12);
    }

    /// Two samples, two classes, p = ¾: KL = ¾·ln(¾/½) + ¼·ln(¼/½); a constant in all logits changes nothing.
    @Test
    void inceptionScoreByHand() {
        double kl = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
        double[] logits = {7 + Math.log(3), 7, 900, 900 + Math.log(3)};
        assertEquals(Math.exp(kl), InceptionScore.of(Features.of(logits, 2), 1).mean(), 1e-12);
        InceptionScore each = InceptionScore.of(Features.of(logits, 2), 2);
        assertEquals(1, each.mean(), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> InceptionScore.of(Features.of(logits, 2), 3));
    }

    @Test
    void precisionAndRecallOfTheSameSetAreOne() {
        Features f = gaussian(40, 3, 0, 1);
        assertEquals(new PrecisionRecall(1, 1), PrecisionRecall.of(f, f, 3));
    }

    @Test
    void precisionAndRecallOfDisjointSetsAreZero() {
        PrecisionRecall both = PrecisionRecall.of(gaussian(40, 3, 0, 1), gaussian(40, 3, 100, 2), 3);
        assertEquals(new PrecisionRecall(0, 0), both);
    }

    /// On a line, with one neighbour: reference 0, 1, 10, 12 has radii 1, 1, 2, 2; samples 0.5, 2, 2.5, 30 have 1.5,
    /// 0.5, 0.5, 27.5.
    @Test
    void precisionAndRecallByHand() {
        Features reference = Features.of(new double[] {0, 1, 10, 12}, 1);
        Features samples = Features.of(new double[] {0.5, 2, 2.5, 30}, 1);
        PrecisionRecall both = PrecisionRecall.of(samples, reference, 1);
        assertEquals(0.5, both.precision(), "0.5, and 2 on the boundary");
        assertEquals(1, both.recall(), "0 and 1 around 0.5, 10 and 12 around 30");
        assertThrows(IllegalArgumentException.class, () -> PrecisionRecall.of(samples, reference, 4));
    }

    /// Samples from one of two modes: all look real, half is covered.
    @Test
    void aLostModeCostsRecallOnly() {
        double[] two = new double[200];
        System.arraycopy(gaussian(50, 2, 0, 3).values(), 0, two, 0, 100);
        System.arraycopy(gaussian(50, 2, 50, 4).values(), 0, two, 100, 100);
        PrecisionRecall both = PrecisionRecall.of(gaussian(100, 2, 0, 5), Features.of(two, 2), 5);
        assertTrue(both.precision() > 0.9, () -> "" + both);
        assertEquals(0.5, both.recall(), 0.05);
    }

    @Test
    void neighboursVoteAndTheNearestDecides() {
        Features examples = Features.of(new double[] {0, 1, 2, 10, 11}, 1);
        NeighbourClassifier three = new NeighbourClassifier(examples, new int[] {7, 8, 8, 9, 9}, 3);
        assertEquals(8, three.classify(Features.of(new double[] {0.1}, 1), 0));
        NeighbourClassifier two = new NeighbourClassifier(examples, new int[] {7, 8, 8, 9, 9}, 2);
        assertEquals(7, two.classify(Features.of(new double[] {0.1}, 1), 0));
        assertEquals(0.5, three.accuracy(Features.of(new double[] {1, 12}, 1), new int[] {8, 8}));
    }

    @Test
    void theDigitsAreToldApart() {
        DataSet digits = Digits.read(Path.of("../testdata/digits/digits.csv.gz"));
        int n = 900;
        double[] values = new double[n * 64];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            System.arraycopy(digits.image(i, 0, 0), 0, values, i * 64, 64);
            labels[i] = digits.label(i);
        }
        double accuracy = new NeighbourClassifier(Features.of(values, 64), labels, 3).leaveOneOut();
        assertTrue(accuracy > 0.97, () -> "" + accuracy);
    }

    @Test
    void featureDistanceByHand() {
        Features f = Features.of(new double[] {3, 0, 0, 2, 1, 1, 0, 0}, 2);
        Features g = Features.of(new double[] {1, 0, 5, 0, -2, -2, 0, 0}, 2);
        assertEquals((0 + 2 + 4 + 0) / 4.0, FeatureDistance.between(f, g), 1e-12);
        assertThrows(
                IllegalArgumentException.class, () -> FeatureDistance.between(f, Features.of(new double[] {1, 2}, 2)));
    }

    /// Any rotation of the features leaves it as it is, and so does their length.
    @Test
    void featureDistanceIsBlindToRotationAndLength() {
        Features f = gaussian(10, 2, 0, 6);
        Features g = gaussian(10, 2, 0, 7);
        double expected = FeatureDistance.between(f, g);
        assertEquals(expected, FeatureDistance.between(turned(f, 3), turned(g, 0.1)), 1e-12);
    }

    private static Features turned(Features f, double scale) {
        double[] values = new double[f.values().length];
        for (int i = 0; i < values.length; i += 2) {
            values[i] = scale * (0.6 * f.values()[i] - 0.8 * f.values()[i + 1]);
            values[i + 1] = scale * (0.8 * f.values()[i] + 0.6 * f.values()[i + 1]);
        }
        return Features.of(values, 2);
    }

    @Test
    void everyBlockOfAModelHasADistance() {
        DeepFlow model = new DeepFlow(Configs.named("tiny-2t"));
        try (Backend b = Backends.open("cpu", DType.F64, 1)) {
            double[] x = new double[2 * 4 * 8 * 8];
            KeyedRandom.of(1, "test", 2).gaussians(x);
            TreeMap<Integer, Double> distances = FeatureDistance.byBlock(
                    b,
                    model,
                    new RandomWeights(2).upload(b, Declarations.of(model)),
                    x,
                    new double[] {0.3, 0.6},
                    new int[] {1, 2});
            assertEquals(4, distances.size());
            assertEquals(0, distances.get(4));
            assertTrue(distances.headMap(4).values().stream().allMatch(d -> d > 0.01 && d < 4), () -> "" + distances);
        }
    }
}
