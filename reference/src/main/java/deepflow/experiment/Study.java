package deepflow.experiment;

import java.util.List;
import java.util.Locale;

/// A question put to many runs: variants of one configuration, each with several seeds, trained and
/// measured alike.
///
/// @param title what is asked
/// @param variants what differs
/// @param seeds of the runs of each variant
/// @param checkpointEvery steps between checkpoints, from which an interrupted run goes on
/// @param evaluation what is measured after training
public record Study(
        String title, List<Variant> variants, List<Long> seeds, long checkpointEvery, Evaluation evaluation) {
    /// Copies the lists.
    public Study {
        variants = List.copyOf(variants);
        seeds = List.copyOf(seeds);
    }

    /// One row of the table.
    ///
    /// @param name in the table
    /// @param config all but the seed
    /// @param steps how long it is trained
    public record Variant(String name, RunConfig config, long steps) {
        /// The folder of one run: the name with letters, digits, points and minus signs only, and the seed.
        String folder(int index, long seed) {
            String plain = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-");
            return String.format(Locale.ROOT, "%02d-%s-seed-%d", index, plain, seed);
        }
    }

    /// What is measured: the Fréchet distance, in pixel space, of samples to the data they were trained on;
    /// samples of the averaged weights, by the SDE, with the data's own labels.
    ///
    /// @param samples how many
    /// @param steps numbers of SDE steps
    /// @param guidance scales; each is measured with each number of steps
    public record Evaluation(int samples, List<Integer> steps, List<Double> guidance) {
        /// Copies the lists.
        public Evaluation {
            steps = List.copyOf(steps);
            guidance = List.copyOf(guidance);
        }

        /// How a measurement is called in files.
        static String key(int steps, double guidance) {
            return "sde " + steps + ", g " + guidance;
        }

        /// All measurements, in order.
        List<String> keys() {
            return steps.stream()
                    .flatMap(s -> guidance.stream().map(g -> key(s, g)))
                    .toList();
        }
    }
}
