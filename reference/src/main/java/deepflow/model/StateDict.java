package deepflow.model;

import deepflow.io.FormatException;
import deepflow.io.TensorInfo;
import deepflow.io.TensorSource;
import deepflow.nn.ParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A checkpoint's parameters by the names the model gives them. Names in the file may carry the prefixes `module.`
/// (DistributedDataParallel), `_orig_mod.` (torch.compile), `weight.` (a dump of this project) and `ema.`, alone or
/// stacked in any order; no parameter's own name begins so. `_orig_mod.` may also be inside a name: each block may have
/// been compiled on its own.
///
/// A file that has names under `weight.` is a dump or a checkpoint of this project: then only the names under
/// `weight.` and `ema.` count, and gradients, activations and the like beside them are no part of the state dict.
///
/// F16, BF16, F32 and F64 are read, exactly; a parameter of another type is refused. Values are read when they are
/// asked for, one parameter at a time: the source must still be open. `pos_embed` is used as loaded, never
/// recomputed.
///
/// Every error is a [FormatException] with one sentence.
public final class StateDict {
    /// Which of two sets of weights, where a file has both.
    public enum Weights {
        /// The trained weights, without `ema.`. A file whose names all carry `ema.` has only that set, and gives it.
        PLAIN,
        /// The moving average, under `ema.`; a parameter that is never trained and has no average (`pos_embed`) is
        /// taken from the plain names.
        EMA
    }

    private static final String EMA = "ema.";
    private static final String DUMP = "weight.";
    private static final List<String> PREFIXES = List.of("module.", DUMP, EMA);
    private static final Pattern COMPILED = Pattern.compile("(?<![^.])_orig_mod\\.");

    /// A name as it is in the file, taken apart.
    private record Stripped(String name, Set<String> prefixes) {}

    private final TensorSource source;
    private final Map<String, String> fileNames;
    private final Map<String, String> plainNames;

    private StateDict(TensorSource source, Map<String, String> fileNames, Map<String, String> plainNames) {
        this.source = source;
        this.fileNames = fileNames;
        this.plainNames = plainNames;
    }

    /// Sorts out the names of a file.
    ///
    /// @param source stays the caller's to close
    /// @param weights which set, where there are both
    /// @throws FormatException if two names mean the same parameter, there is no name at all, or the moving average
    ///     is asked for and not there
    public static StateDict of(TensorSource source, Weights weights) {
        boolean dump = source.names().stream().anyMatch(n -> strip(n).prefixes().contains(DUMP));
        Map<String, String> plain = new TreeMap<>();
        Map<String, String> ema = new TreeMap<>();
        for (String fileName : source.names()) {
            Stripped s = strip(fileName);
            boolean average = s.prefixes().contains(EMA);
            if (dump && !average && !s.prefixes().contains(DUMP)) {
                continue;
            }
            String other = (average ? ema : plain).putIfAbsent(s.name(), fileName);
            if (other != null) {
                throw new FormatException(source.path() + ": " + quote(other) + " and " + quote(fileName)
                        + " are both the parameter " + quote(s.name()) + ".");
            }
        }
        if (plain.isEmpty() && ema.isEmpty()) {
            throw new FormatException(source.path() + " has no parameters.");
        }
        if (weights == Weights.EMA && ema.isEmpty()) {
            throw new FormatException(source.path() + " has no moving average: no name begins with 'ema.'.");
        }
        boolean average = weights == Weights.EMA || plain.isEmpty();
        return new StateDict(source, average ? ema : plain, average ? plain : Map.of());
    }

    private static Stripped strip(String fileName) {
        String name = uncompiled(fileName);
        Set<String> prefixes = new TreeSet<>();
        boolean found = true;
        while (found) {
            found = false;
            for (String prefix : PREFIXES) {
                if (name.startsWith(prefix)) {
                    name = name.substring(prefix.length());
                    prefixes.add(prefix);
                    found = true;
                }
            }
        }
        return new Stripped(name, prefixes);
    }

    /// A module path or parameter name without what torch.compile adds: `blocks.0._orig_mod.attn` is `blocks.0.attn`.
    public static String uncompiled(String name) {
        return COMPILED.matcher(name).replaceAll("");
    }

    /// The parameters' names, without prefixes, sorted.
    public Set<String> names() {
        return Collections.unmodifiableSet(fileNames.keySet());
    }

    /// The file, for messages.
    String path() {
        return source.path().toString();
    }

    /// Extents of a parameter, or null if the file does not have it.
    long @Nullable [] shape(String name) {
        String fileName = fileNames.containsKey(name) ? fileNames.get(name) : plainNames.get(name);
        return fileName == null ? null : source.info(fileName).shape();
    }

    /// The configuration: what the file says of itself (metadata `config`, [ConfigJson]), otherwise what the shapes
    /// say ([InferredConfig]).
    ///
    /// @throws FormatException if the file's word is not understood, or the shapes leave something open
    public ModelConfig config() {
        String json = source.metadata().get("config");
        try {
            return json == null ? InferredConfig.of(this) : ConfigJson.parse(json);
        } catch (IllegalArgumentException e) {
            throw new FormatException(path() + ": " + e.getMessage() + ".", e);
        }
    }

    /// How the file's names and shapes compare with a model's.
    ///
    /// @param missing parameters of the model that the file lacks, in the model's order
    /// @param unexpected names of the file that the model lacks, sorted
    /// @param mismatched parameters whose shape in the file is another one, each as a phrase
    public record Comparison(List<String> missing, List<String> unexpected, List<String> mismatched) {
        /// Copies the lists.
        public Comparison {
            missing = List.copyOf(missing);
            unexpected = List.copyOf(unexpected);
            mismatched = List.copyOf(mismatched);
        }

        /// Whether file and model fit exactly.
        public boolean fits() {
            return missing.isEmpty() && unexpected.isEmpty() && mismatched.isEmpty();
        }

        /// What does not fit, in one line: the first ten of each kind and how many there are.
        public String describe() {
            List<String> parts = new ArrayList<>();
            part(parts, "missing", missing);
            part(parts, "unexpected", unexpected);
            part(parts, "of another shape", mismatched);
            return String.join("; ", parts);
        }

        private static void part(List<String> parts, String what, List<String> names) {
            if (!names.isEmpty()) {
                String more = names.size() > 10 ? ", …" : "";
                parts.add(names.size() + " " + what + ": "
                        + String.join(", ", names.subList(0, Math.min(10, names.size()))) + more);
            }
        }
    }

    /// Compares with a model.
    ///
    /// @throws FormatException if a parameter of the model has a type in the file that is not floating
    public Comparison compare(List<ParameterSpec> specs) {
        List<String> missing = new ArrayList<>();
        List<String> mismatched = new ArrayList<>();
        Set<String> unexpected = new TreeSet<>(fileNames.keySet());
        for (ParameterSpec spec : specs) {
            unexpected.remove(spec.name());
            String fileName = fileName(spec);
            if (fileName == null) {
                missing.add(spec.name());
                continue;
            }
            TensorInfo info = source.info(fileName);
            if (!info.type().isFloating()) {
                throw new FormatException(source.path() + ": the parameter " + quote(spec.name()) + " is of type "
                        + info.type() + "; parameters are F16, BF16, F32 or F64.");
            }
            if (!fits(spec, info)) {
                mismatched.add(spec.name() + " is " + Arrays.toString(info.shape()) + " instead of "
                        + Arrays.toString(spec.shape().dims()));
            }
        }
        List<String> shown = unexpected.stream().map(StateDict::cut).toList();
        return new Comparison(missing, shown, mismatched);
    }

    private static boolean fits(ParameterSpec spec, TensorInfo info) {
        return Arrays.equals(
                info.shape(), Arrays.stream(spec.shape().dims()).asLongStream().toArray());
    }

    private @Nullable String fileName(ParameterSpec spec) {
        String own = fileNames.get(spec.name());
        return own != null || spec.trained() ? own : plainNames.get(spec.name());
    }

    /// The values of a model whose parameters are exactly the file's.
    ///
    /// @throws FormatException if they are not; the sentence lists what is missing, unexpected or of another shape
    public ParameterValues strict(List<ParameterSpec> specs) {
        Comparison comparison = compare(specs);
        if (!comparison.fits()) {
            throw new FormatException(
                    source.path() + " does not fit the model: parameters " + comparison.describe() + ".");
        }
        return this::read;
    }

    /// The values of those parameters that the file has in the model's shape, and others for the rest; what the rest
    /// is, [#compare] says.
    ///
    /// @param otherwise where the rest comes from
    /// @throws FormatException if a parameter has a type that is not floating
    public ParameterValues lenient(List<ParameterSpec> specs, ParameterValues otherwise) {
        compare(specs);
        return spec -> {
            String fileName = fileName(spec);
            return fileName != null && fits(spec, source.info(fileName)) ? read(spec) : otherwise.of(spec);
        };
    }

    private double[] read(ParameterSpec spec) {
        String fileName = fileName(spec);
        if (fileName == null) {
            throw new FormatException(source.path() + " has no parameter " + quote(spec.name()) + ".");
        }
        return source.readDoubles(fileName);
    }

    private static String quote(String name) {
        return "'" + cut(name) + "'";
    }

    private static String cut(String name) {
        return name.length() <= 100 ? name : name.substring(0, 100) + "…";
    }
}
