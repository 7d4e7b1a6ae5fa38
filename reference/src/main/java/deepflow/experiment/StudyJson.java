package deepflow.experiment;

import deepflow.io.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A [Study] as a JSON file:
///
/// - `title`; `base`: a run's configuration ([RunConfigJson], without `seed`); `steps`; `seeds`: a list;
///   `checkpoint_every` (default 200)
/// - `axes`: a list of objects, each from a value's name to what it sets over the base: keys of a configuration, of
///   which `model` is merged key by key, and `steps`. Variants are all combinations, the last axis fastest.
/// - `evaluate`: `samples` (default 1797), `sde_steps` (a list, default 50), `guidance` (a list, default 1)
public final class StudyJson {
    private static final int MOST_RUNS = 1000;

    private StudyJson() {}

    /// A combination of values, so far.
    private record Choice(String name, ObjectNode run, long steps) {}

    /// Reads a study.
    ///
    /// @throws FormatException if the file is not one
    public static Study read(Path file) {
        try {
            return parse(Fields.object(Files.readString(file)));
        } catch (IOException e) {
            throw new FormatException(file + " cannot be read as a study: " + e.getMessage() + ".", e);
        } catch (IllegalArgumentException | FormatException e) {
            throw new FormatException("The study " + file + " is wrong: " + e.getMessage(), e);
        }
    }

    private static Study parse(ObjectNode json) {
        Fields f = new Fields("the study", json);
        String title = f.text("title", "Study");
        ObjectNode base = object("base", f.raw("base"));
        long steps = f.positive("steps", 800, Integer.MAX_VALUE);
        List<Long> seeds = f.numbers("seeds", List.of(1.0, 2.0, 3.0)).stream()
                .map(Math::round)
                .distinct()
                .toList();
        long every = f.positive("checkpoint_every", 200, Integer.MAX_VALUE);
        List<Choice> choices = List.of(new Choice("", base, steps));
        JsonNode axes = f.raw("axes");
        if (axes == null || !axes.isArray()) {
            throw new IllegalArgumentException("it needs axes, a list of objects");
        }
        for (JsonNode axis : axes) {
            choices = combine(choices, object("an axis", axis));
        }
        JsonNode evaluate = f.raw("evaluate");
        Study.Evaluation evaluation = evaluation(evaluate == null ? Fields.empty() : object("evaluate", evaluate));
        f.end();
        if (seeds.isEmpty() || (long) choices.size() * seeds.size() > MOST_RUNS) {
            throw new IllegalArgumentException("it needs from 1 to " + MOST_RUNS + " runs");
        }
        List<Study.Variant> variants = choices.stream()
                .map(c -> new Study.Variant(c.name(), RunConfigJson.parse(c.run()), c.steps()))
                .toList();
        return new Study(title, variants, seeds, every, evaluation);
    }

    private static List<Choice> combine(List<Choice> before, ObjectNode axis) {
        List<Choice> all = new ArrayList<>();
        for (Choice c : before) {
            for (Map.Entry<String, JsonNode> value : axis.properties()) {
                ObjectNode set = object(value.getKey(), value.getValue()).deepCopy();
                Fields f = new Fields(value.getKey(), set);
                long steps = f.positive("steps", (int) c.steps(), Integer.MAX_VALUE);
                set.remove("steps");
                ObjectNode run = c.run().deepCopy();
                if (run.get("model") instanceof ObjectNode old && set.get("model") instanceof ObjectNode more) {
                    ObjectNode merged = old.deepCopy();
                    merged.setAll(more);
                    set.set("model", merged);
                }
                run.setAll(set);
                String name = c.name().isEmpty() ? value.getKey() : c.name() + ", " + value.getKey();
                all.add(new Choice(name, run, steps));
            }
        }
        return all;
    }

    private static Study.Evaluation evaluation(ObjectNode json) {
        Fields f = new Fields("evaluate", json);
        Study.Evaluation e = new Study.Evaluation(
                f.positive("samples", 1797, 1 << 20),
                f.numbers("sde_steps", List.of(50.0)).stream()
                        .map(n -> (int) Math.round(n))
                        .toList(),
                f.numbers("guidance", List.of(1.0)));
        f.end();
        if (e.steps().stream().anyMatch(s -> s < 2) || e.guidance().stream().anyMatch(g -> g < 0)) {
            throw new IllegalArgumentException("sde_steps are at least 2, guidance is at least 0");
        }
        return e;
    }

    private static ObjectNode object(String what, @Nullable JsonNode node) {
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new IllegalArgumentException(what + " must be an object");
    }
}
