package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.metric.Features;
import deepflow.metric.NeighbourClassifier;
import deepflow.model.Configs;
import deepflow.model.ParameterCount;
import deepflow.sample.Guidance;
import deepflow.sample.Heun;
import deepflow.sample.Progress;
import deepflow.tensor.Backend;
import deepflow.train.TrainingState;
import java.nio.file.Path;
import java.util.Arrays;

/// The whole way in a minute: trains a small DeepFlow-2T on digits, samples, measures and draws.
///
/// @param folder where everything goes
/// @param data the digits
/// @param producer program and version, for the checkpoint
public record Demo(Path folder, DataSet data, String producer) {
    private static final String CONFIG = "digits-s";
    private static final int STEPS = 900;
    private static final int EACH = 10;
    private static final double GUIDANCE = 1.5;
    private static final int MEASURING_STEPS = 12;
    private static final int FEATURE_SAMPLES = 200;
    private static final int NEIGHBOURS = 3;

    /// What came out.
    ///
    /// @param model name of the configuration
    /// @param parameters how many it has
    /// @param steps trained
    /// @param distance Fréchet distance in pixel space of as many samples as there are data
    /// @param recognised share of the grid's samples that a nearest-neighbour classifier gives their class
    /// @param grid samples, a class a row
    /// @param curves the losses
    /// @param layers the distances between layers
    /// @param run the run's folder
    public record Result(
            String model,
            long parameters,
            long steps,
            double distance,
            double recognised,
            Path grid,
            Path curves,
            Path layers,
            Path run) {}

    /// The run that is trained; the same at every demo.
    public static RunConfig config() {
        return RunConfigJson.parse(Fields.object(
                "{\"config\": \"" + CONFIG + "\", \"lr\": 3e-3, \"batch\": 64, \"ema\": 0.99, \"seed\": 1}"));
    }

    /// Runs it. An earlier demo in the folder is replaced.
    ///
    /// @param b of single precision
    /// @param measuring hears how far the measurement after training is
    public Result run(Backend b, RunListener listener, Progress measuring) {
        RunConfig config = config();
        RunFolder run = new RunFolder(folder.resolve("run"));
        run.clear();
        TrainingState state = new TrainingRun(run, config, data, producer)
                .train(b, new Schedule(STEPS, STEPS, 1, false), false, listener);
        Path curves = folder.resolve("curves.png");
        new Curves(run.metrics(), config).write(curves);
        Path grid = folder.resolve("samples.png");
        double recognised = grid(b, config, state, grid);
        Path layers = folder.resolve("layers.png");
        LayerDistances distances = new LayerDistances(config, data, FEATURE_SAMPLES);
        LayerDistances.plot(distances.at(b, state.averages(), LayerDistances.TIMES), layers);
        return new Result(
                CONFIG,
                ParameterCount.of(Configs.named(CONFIG)).parameters(),
                STEPS,
                distance(b, config, state, measuring),
                recognised,
                grid,
                curves,
                layers,
                run.path());
    }

    /// @return the share of the samples whose nearest neighbours among the data have the class that was
    ///     asked for
    private double grid(Backend b, RunConfig config, TrainingState state, Path file) {
        int[] labels = new int[data.classes() * EACH];
        Arrays.setAll(labels, i -> i / EACH);
        double[] images = Draw.pictures(GUIDANCE).of(b, config, state.averages(), labels, Progress.NONE);
        new LabelledGrid(images, data.side(), EACH).write(file);
        Features examples = PixelDistance.pixels(data, config.seed());
        return new NeighbourClassifier(examples, Draw.labelsOf(data), NEIGHBOURS)
                .accuracy(Features.of(images, examples.width()), labels);
    }

    private double distance(Backend b, RunConfig config, TrainingState state, Progress progress) {
        Draw draw = new Draw(new Heun(MEASURING_STEPS), Guidance.NONE, config.seed());
        double[] samples = draw.of(b, config, state.averages(), Draw.labelsOf(data), progress);
        return PixelDistance.to(data, config.seed()).of(samples);
    }
}
