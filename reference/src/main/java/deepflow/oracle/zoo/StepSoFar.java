package deepflow.oracle.zoo;

import deepflow.autograd.Layout;
import deepflow.autograd.Pointwise;
import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.model.ModelConfig;
import deepflow.nn.Parameters;
import deepflow.tensor.Backend;
import deepflow.train.Batch;
import deepflow.train.Objective;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What a step has computed up to now, by name: what a formula may use.
public final class StepSoFar {
    private final ModelConfig config;
    private final Objective objective;
    private final Batch batch;
    private final Tape tape;
    private final Parameters parameters;
    private final Objective.Watch watch;
    private final Map<String, Variable> outputs = new HashMap<>();

    /// @param watch stands between the losses and their sum
    public StepSoFar(
            ModelConfig config,
            Objective objective,
            Batch batch,
            Tape tape,
            Parameters parameters,
            Objective.Watch watch) {
        this.config = config;
        this.objective = objective;
        this.batch = batch;
        this.tape = tape;
        this.parameters = parameters;
        this.watch = watch;
    }

    /// Notes what the rest of the model sees of a module's output.
    ///
    /// @param traced path with `#i`
    public void add(String traced, Variable output) {
        outputs.put(traced, output);
    }

    ModelConfig config() {
        return config;
    }

    Objective objective() {
        return objective;
    }

    Objective.Watch watch() {
        return watch;
    }

    Batch batch() {
        return batch;
    }

    Tape tape() {
        return tape;
    }

    Backend backend() {
        return tape.backend();
    }

    /// An earlier output.
    Variable output(Call call) {
        return output(call.traced());
    }

    /// An earlier output.
    Variable output(String traced) {
        Variable v = outputs.get(traced);
        if (v == null) {
            throw new IllegalStateException("no module " + traced + " has returned yet");
        }
        return v;
    }

    Variable parameter(String name) {
        return parameters.get(name);
    }

    /// s: the tokens that enter block 0.
    Variable space() {
        return Pointwise.add(output("x_embedder"), parameter("pos_embed"));
    }

    /// The embedding of t_{i}, i from 0.
    Variable time(int branch) {
        return output(new Call("t_embedder", branch));
    }

    /// c of a branch, from 0.
    Variable condition(int branch) {
        return Pointwise.add(time(branch), output("y_embedder"));
    }

    /// The branch a block belongs to, from 0.
    int branch(int block) {
        return (int) config.keys().stream().filter(key -> key <= block).count();
    }

    /// What a block reads.
    Variable tokensInto(int block) {
        if (block == 0) {
            return space();
        }
        return config.keys().contains(block) ? refined(branch(block) - 1) : output("blocks." + (block - 1));
    }

    /// v*: what leaves the branch before VeRA block j.
    Variable velocityTokens(int j) {
        return output("blocks." + (config.keys().get(j) - 1));
    }

    /// a* of VeRA block j.
    Variable accelerationTokens(int j) {
        return output("df_blocks." + j);
    }

    /// What VeRA block j gives cross-space attention for key and value: Eq. 8's result.
    Variable modulatedTokens(int j) {
        return output("df_blocks." + j + ".acc_norm.mlp.fc2");
    }

    /// What leaves VeRA block j.
    Variable refined(int j) {
        return output("df_blocks." + j + ".cross_attention");
    }

    /// The parts of a modulation: D-vectors, in the order of the rows.
    ///
    /// @param linear the call of `adaLN_modulation.1`
    List<Variable> modulation(Call linear, int parts) {
        return Layout.split(output(linear), 1, parts);
    }
}
