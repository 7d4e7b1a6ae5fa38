package deepflow.experiment;

import deepflow.io.AtomicFile;
import deepflow.io.FormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// What a finished run of a study is summed up to: `outcome.json` in its folder.
///
/// @param loss mean of the last hundred steps' deep supervision loss of Eq. 5
/// @param seconds that a step took, the median; the only number that two runs may differ in
/// @param distances Fréchet distance by [Study.Evaluation#keys]
record RunOutcome(double loss, double seconds, Map<String, Double> distances) {
    private static final String FILE = "outcome.json";

    static boolean in(Path folder) {
        return Files.exists(folder.resolve(FILE));
    }

    static RunOutcome read(Path folder) {
        Path file = folder.resolve(FILE);
        try {
            Fields f = new Fields("the outcome", Fields.object(Files.readString(file)));
            Map<String, Double> distances = new LinkedHashMap<>();
            if (f.raw("frechet_distance") instanceof ObjectNode all) {
                all.properties().forEach(e -> distances.put(e.getKey(), e.getValue().doubleValue()));
            }
            return new RunOutcome(
                    f.number("loss", Double.NaN), f.number("seconds_per_step", Double.NaN), distances);
        } catch (IOException | IllegalArgumentException e) {
            throw new FormatException(file + " cannot be read: " + e.getMessage() + ".", e);
        }
    }

    void write(Path folder) {
        ObjectNode json = Fields.empty();
        json.put("loss", loss);
        json.put("seconds_per_step", seconds);
        ObjectNode all = json.putObject("frechet_distance");
        distances.forEach(all::put);
        AtomicFile.write(folder.resolve(FILE), Fields.pretty(json).getBytes(StandardCharsets.UTF_8));
    }
}
