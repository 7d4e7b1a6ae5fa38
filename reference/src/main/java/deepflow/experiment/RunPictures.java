package deepflow.experiment;

import deepflow.tensor.Backend;
import deepflow.train.TrainingState;
import java.nio.file.Path;
import java.util.List;

/// The pictures of a run.
record RunPictures(RunFolder folder, RunConfig config) {
    List<Path> draw(Backend b, TrainingState state, long step) {
        return List.of();
    }
}
