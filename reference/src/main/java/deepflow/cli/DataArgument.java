package deepflow.cli;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import deepflow.experiment.RunConfig;
import java.nio.file.Path;

/// Opens what a user gives as `--data`.
final class DataArgument {
    /// Set by the launcher: the folder of this working tree.
    private static final String HOME = "deepflow.home";

    private DataArgument() {}

    /// The data of a run.
    ///
    /// @throws deepflow.io.FormatException if there are none of that name, or they are wrong
    static DataSet open(RunConfig config) {
        Path features = config.features() == null ? null : Path.of(config.features());
        return sets().open(config.data(), config.model().classes(), features);
    }

    /// The data sets that this program knows.
    static DataSets sets() {
        String home = System.getProperty(HOME);
        return new DataSets(home == null ? null : Path.of(home, "testdata"));
    }
}
