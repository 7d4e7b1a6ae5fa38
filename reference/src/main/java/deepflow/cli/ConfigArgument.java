package deepflow.cli;

import deepflow.model.Configs;
import deepflow.model.ModelConfig;
import java.util.Iterator;

/// What a user gives as `--config`: the name of a configuration, or a JSON file.
final class ConfigArgument {
    private ConfigArgument() {}

    /// The known names, for help texts and for completion in a shell.
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Configs.names().iterator();
        }
    }

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
