package deepflow.data;

import deepflow.io.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// Which files a folder has, and their classes: `dataset.json`, `{"labels": [["00000/a.npy", 3], …]}`.
/// Names are relative to the folder and stay inside it; every `.npy` file has exactly one label.
final class Labels {
    private static final String FILE = "dataset.json";
    private static final JsonFactory JSON = new JsonFactory();

    private final List<String> files = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();
    private final Path file;
    private final int classes;

    private Labels(Path file, int classes) {
        this.file = file;
        this.classes = classes;
    }

    /// @param classes K; labels are 0 … K−1
    /// @throws FormatException if the file is missing or wrong, or does not fit what is in the folder
    static Labels read(Path folder, int classes) {
        Set<String> there = moments(folder);
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new FormatException(
                    there.isEmpty()
                            ? folder + " has no .npy files and no " + FILE + "."
                            : folder + " has " + there.size() + " .npy files, but no " + FILE + " with their labels.");
        }
        Labels all = new Labels(file, classes);
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), file)) {
            all.parse(json);
        } catch (JacksonException e) {
            throw new FormatException(file + " is not valid JSON: " + e.getOriginalMessage() + ".", e);
        }
        all.compare(folder, there);
        return all;
    }

    private static Set<String> moments(Path folder) {
        try (Stream<Path> walk = Files.walk(folder)) {
            Set<String> names = new TreeSet<>();
            walk.filter(f -> f.toString().endsWith(".npy"))
                    .forEach(f -> names.add(folder.relativize(f).toString().replace('\\', '/')));
            return names;
        } catch (IOException e) {
            throw new FormatException(folder + " cannot be read: " + e.getMessage() + ".", e);
        }
    }

    private void parse(JsonParser json) {
        require(json.nextToken() == JsonToken.START_OBJECT, "must be an object {\"labels\": [[\"a.npy\", 3], …]}");
        boolean found = false;
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean wanted = json.currentName().equals("labels");
            JsonToken value = json.nextToken();
            if (!wanted) {
                json.skipChildren();
                continue;
            }
            require(!found, "has \"labels\" twice");
            require(value == JsonToken.START_ARRAY, "has no list under \"labels\" (null means that none were made)");
            entries(json);
            found = true;
        }
        require(found, "has no \"labels\"");
        require(!files.isEmpty(), "has an empty list of labels");
    }

    private void entries(JsonParser json) {
        for (JsonToken t = json.nextToken(); t != JsonToken.END_ARRAY; t = json.nextToken()) {
            require(
                    t == JsonToken.START_ARRAY && json.nextToken() == JsonToken.VALUE_STRING,
                    "has an entry that is not of the form [\"a.npy\", 3]");
            String name = json.getString();
            require(json.nextToken() == JsonToken.VALUE_NUMBER_INT, "has no whole number as the label of " + name);
            long label;
            try {
                label = json.getLongValue();
            } catch (JacksonException _) {
                label = -1;
            }
            require(
                    label >= 0 && label < classes,
                    "gives " + name + " the label " + json.getString() + "; labels are from 0 to " + (classes - 1));
            require(json.nextToken() == JsonToken.END_ARRAY, "has more than a name and a label for " + name);
            require(inside(name), "names " + name + ", which is not inside the folder");
            files.add(name);
            labels.add((int) label);
        }
    }

    private static boolean inside(String name) {
        try {
            Path path = Path.of(name);
            if (path.isAbsolute() || name.isEmpty() || name.indexOf('\\') >= 0) {
                return false;
            }
            for (Path part : path) {
                if (part.toString().equals("..")) {
                    return false;
                }
            }
            return true;
        } catch (InvalidPathException _) {
            return false;
        }
    }

    private void compare(Path folder, Set<String> there) {
        Set<String> named = new HashSet<>();
        for (String name : files) {
            String plain = Path.of(name).normalize().toString().replace('\\', '/');
            require(named.add(plain), "labels " + name + " twice");
            require(there.contains(plain), "labels " + name + ", but there is no such .npy file");
        }
        for (String name : there) {
            if (!named.contains(name)) {
                throw new FormatException(folder.resolve(name) + " has no label in " + FILE + ".");
            }
        }
    }

    private void require(boolean condition, String problem) {
        if (!condition) {
            throw new FormatException(file + " " + problem + ".");
        }
    }

    int count() {
        return files.size();
    }

    String file(int index) {
        return files.get(index);
    }

    int label(int index) {
        return labels.get(index);
    }

    List<String> files() {
        return Collections.unmodifiableList(files);
    }
}
