package deepflow.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/// The commands there are, in the order in which the help lists them. `XCommand` is the command `x`.
///
/// Taking a command's options apart costs more time than all else in a start. So it is done only for commands that the
/// arguments name; the others are there by name and header, which is what the help lists.
final class Commands {
    private static final List<Class<?>> ALL = List.of(
            VerifyCommand.class,
            CheckCommand.class,
            DiffCommand.class,
            GoldenCommand.class,
            ZooCommand.class,
            ParamsCommand.class,
            DemoCommand.class,
            TrainCommand.class,
            SampleCommand.class,
            EvaluateCommand.class,
            LayersCommand.class,
            AblateCommand.class,
            BenchCommand.class,
            DevicesCommand.class);

    private Commands() {}

    /// The command line that understands these arguments as one with all commands in full would.
    static CommandLine lineFor(String... arguments) {
        Set<String> given = Set.copyOf(Arrays.asList(arguments));
        boolean more = given.stream().anyMatch(a -> a.startsWith("@")); // a file with arguments
        CommandLine line = new CommandLine(new Main());
        for (Class<?> command : ALL) {
            if (more || given.contains(name(command))) {
                line.addSubcommand(command);
            } else {
                CommandSpec listed = CommandSpec.create();
                listed.usageMessage()
                        .header(command.getAnnotation(Command.class).header());
                line.addSubcommand(name(command), listed);
            }
        }
        return line;
    }

    private static String name(Class<?> command) {
        String name = command.getSimpleName();
        return name.substring(0, name.length() - "Command".length()).toLowerCase(Locale.ROOT);
    }
}
