package deepflow.cli;

import deepflow.model.Configs;
import deepflow.model.ModelConfig;

/// What a user gives as `--config`: the name of a configuration, or a JSON file.
final class ConfigArgument {
    private ConfigArgument() {}

    /// The configuration.
    ///
    /// @throws UserException if there is none of that name, or it is wrong
    static ModelConfig resolve(String nameOrFile) {
        try {
            return Configs.resolve(nameOrFile);
        } catch (IllegalArgumentException e) {
            throw new UserException("Cannot use --config: " + e.getMessage() + ".", e);
        }
    }
}
