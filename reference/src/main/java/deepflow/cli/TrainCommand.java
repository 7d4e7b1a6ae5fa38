package deepflow.cli;

import deepflow.data.DataSet;
import deepflow.experiment.RunConfig;
import deepflow.experiment.RunConfigJson;
import deepflow.experiment.RunFolder;
import deepflow.experiment.Schedule;
import deepflow.experiment.TrainingRun;
import deepflow.parallel.Ranks;
import deepflow.parallel.Star;
import deepflow.parallel.World;
import deepflow.tensor.Backend;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `deepflow train`: one run.
@Command(
        name = "train",
        header = "Trains a model; resumes to the same bytes.",
        sortOptions = false,
        description = {
            "",
            "Trains a model and keeps everything in a folder: checkpoints, the numbers of every step, curves and grids of"
                    + " samples.",
            "",
            "Killed at any moment, a run goes on with --resume and ends with the same bytes as one never interrupted.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow train --config digits --data digits --steps 1600 --batch 64 \\",
            "      --lr 1e-3 --seed 1 --out run",
            "  deepflow train --out run --resume",
            "  deepflow train --config latent-s --data moments/ --steps 100000 --batch 32 \\",
            "      --accumulate 4 --out run2",
            "  torchrun --nproc-per-node 8 --no-python deepflow train --device cuda \\",
            "      --batch 256 --out run3",
            "",
            "docs/experiments.md says what is in the folder."
        })
final class TrainCommand implements Callable<Integer> {
    /// How long processes on several machines may take to start.
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final DeviceOptions device = new DeviceOptions();

    @ArgGroup(
            validate = false,
            heading = "%nWhat is computed (a resumed run takes it, and all below, from its folder):%n")
    private final RunOptions run = new RunOptions();

    @Option(names = "--out", required = true, paramLabel = "RUN", description = "Folder of the run.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Path out;

    @Option(names = "--resume", description = "Go on with the run in the folder.")
    private boolean resume;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Where the run ends (default: 1600). A finished run can be resumed to go further.")
    private @Nullable Long steps;

    @Option(names = "--checkpoint-every", paramLabel = "N", description = "Steps between checkpoints (default: 200).")
    private @Nullable Long checkpointEvery;

    @Option(names = "--keep", paramLabel = "N", description = "How many checkpoints to keep, the newest (default: 3).")
    private @Nullable Integer keep;

    @Option(names = "--no-pictures", description = "Draw no curves and no samples.")
    private boolean noPictures;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        RunFolder folder = new RunFolder(out);
        World world = World.of(System.getenv());
        RunConfig config = run.config(resume ? folder : null, world.size());
        Schedule schedule = schedule(resume ? folder.readSchedule() : Schedule.USUAL);
        DataSet data = DataArgument.open(config);
        try (Backend b = device.open(config.options(common.threads()));
                Ranks ranks = ranks(world, b, config, schedule);
                TrainingProgress progress = TrainingProgress.on(spec.commandLine(), "train " + config.data())) {
            TrainingRun training = new TrainingRun(folder, config, data, Main.Version.producer());
            try {
                training.train(b, ranks, schedule, resume, progress);
            } catch (Throwable failure) {
                ranks.fail(Failure.sentence(failure));
                throw failure;
            }
        }
        if (world.rank() == 0) {
            spec.commandLine().getOut().println(out);
        }
        return ExitCode.FINE;
    }

    /// Meets the other processes that compute the same.
    private Ranks ranks(World world, Backend b, RunConfig config, Schedule schedule) {
        if (world.alone()) {
            return Ranks.ALONE;
        }
        String same = String.join(
                "\n",
                device.id().kind(),
                RunConfigJson.write(config).toString(),
                Long.toString(schedule.steps()),
                Long.toString(schedule.checkpointEvery()));
        return Ranks.of(Star.meet(world, same, PATIENCE), device.id(), b);
    }

    /// @param usual where an option was not given
    private Schedule schedule(Schedule usual) {
        try {
            return new Schedule(
                    steps == null ? usual.steps() : steps,
                    checkpointEvery == null ? usual.checkpointEvery() : checkpointEvery,
                    keep == null ? usual.keep() : keep,
                    usual.pictures() && !noPictures);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid value: " + e.getMessage(), e);
        }
    }
}
