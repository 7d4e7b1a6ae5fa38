package deepflow.oracle.verification;

import deepflow.io.FormatException;
import deepflow.io.TensorInfo;
import deepflow.io.TensorSource;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Vectors made by another implementation (`testdata/README.md`): for each case the metadata `case.<case>` with its
/// options, and the tensors `<case>.in.*`, `<case>.weight.*` (arguments), `<case>.out.*` (outputs), `<case>.seed.*`
/// and `<case>.grad.*` (gradients of Σ seed·output).
///
/// @param path where they were read
/// @param cases what is in the file, by name
public record VectorFile(Path path, Map<String, Vectors> cases) {
    private static final String CASE = "case.";

    /// One case.
    ///
    /// @param arguments inputs, parameters and options
    /// @param outputs by name
    /// @param seeds by the outputs' names
    /// @param gradients by the arguments' full names
    public record Vectors(
            Case arguments, Map<String, Values> outputs, Map<String, Values> seeds, Map<String, Values> gradients) {}

    /// Reads a file whole.
    ///
    /// @throws FormatException if it cannot be read or holds no case
    public static VectorFile read(Path path) {
        try (TensorSource source = TensorSource.open(path)) {
            Map<String, Vectors> cases = new TreeMap<>();
            for (Map.Entry<String, String> entry : source.metadata().entrySet()) {
                if (entry.getKey().startsWith(CASE)) {
                    String name = entry.getKey().substring(CASE.length());
                    cases.put(name, vectors(source, name, options(entry.getValue())));
                }
            }
            if (cases.isEmpty()) {
                throw new FormatException(path + " holds no case: it is no file of vectors.");
            }
            return new VectorFile(path, cases);
        }
    }

    private static Vectors vectors(TensorSource source, String name, Map<String, String> options) {
        Map<String, Values> arguments = new LinkedHashMap<>();
        for (String family : List.of("in.", "weight.")) {
            family(source, name, family).forEach((tail, values) -> arguments.put(family + tail, values));
        }
        return new Vectors(
                new Case(options, arguments),
                family(source, name, "out."),
                family(source, name, "seed."),
                family(source, name, "grad."));
    }

    private static Map<String, Values> family(TensorSource source, String name, String family) {
        String prefix = name + "." + family;
        Map<String, Values> found = new TreeMap<>();
        for (String full : source.names()) {
            if (full.startsWith(prefix)) {
                TensorInfo info = source.info(full);
                long[] extents = info.shape();
                if (Arrays.stream(extents).anyMatch(extent -> extent < 1 || extent > Integer.MAX_VALUE)) {
                    throw new FormatException(source.path() + ": the tensor " + info + " has no usable shape.");
                }
                int[] dims = Arrays.stream(extents).mapToInt(Math::toIntExact).toArray();
                found.put(full.substring(prefix.length()), Values.of(Shape.of(dims), source.readDoubles(full)));
            }
        }
        return found;
    }

    /// `a=1 b=x` by name.
    private static Map<String, String> options(String text) {
        Map<String, String> options = new LinkedHashMap<>();
        for (String option : text.isBlank() ? new String[0] : text.strip().split(" ", -1)) {
            int at = option.indexOf('=');
            options.put(option.substring(0, Math.max(0, at)), option.substring(at + 1));
        }
        return options;
    }

    /// The largest error of any output or gradient of any case.
    ///
    /// @throws FormatException if a case does not have what the computation asks for, or more
    public double error(Backend backend, Computation f) {
        List<Double> errors = new ArrayList<>();
        cases.forEach((name, vectors) -> {
            try (Arena _ = backend.arena()) {
                Backward found = Backward.of(backend, f, vectors.arguments(), vectors.seeds());
                errors.add(compare(found.outputs(), vectors.outputs()));
                errors.add(compare(found.gradients(), vectors.gradients()));
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw new FormatException(
                        path + ": the case " + name + " cannot be evaluated: " + e.getMessage() + ".", e);
            }
        });
        return errors.stream().mapToDouble(Double::doubleValue).reduce(0, Math::max);
    }

    private static double compare(Map<String, Values> found, Map<String, Values> expected) {
        if (!found.keySet().equals(expected.keySet())) {
            throw new IllegalArgumentException(
                    "it has vectors for " + expected.keySet() + ", needed are those for " + found.keySet());
        }
        double error = 0;
        for (Map.Entry<String, Values> entry : found.entrySet()) {
            Values truth = expected.get(entry.getKey());
            error = truth == null ? Double.NaN : Math.max(error, RelativeError.of(entry.getValue(), truth));
        }
        return error;
    }
}
