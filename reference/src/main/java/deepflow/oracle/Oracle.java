package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.io.mapping.TensorMap;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceId;
import java.nio.file.Path;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The judge, from Java: what `deepflow check` says of a dumped training step, as a value.
///
/// ```java
/// Verdict verdict = Oracle.check(Path.of("step.safetensors"), Oracle.Options.defaults());
/// if (!verdict.result().consistent()) {
///     System.out.println(verdict.result().first().orElseThrow().name());
/// }
/// ```
///
/// Programs start with `java --add-modules jdk.incubator.vector`. Not safe for use by several threads at once; it uses
/// several itself.
public final class Oracle implements AutoCloseable {
    private final Options options;
    private final @Nullable TensorMap map;
    private final Backend backend;
    private final Workers workers;

    private Oracle(Options options, @Nullable TensorMap map, Backend backend) {
        this.options = options;
        this.map = map;
        this.backend = backend;
        this.workers = Workers.cpu(options.threads());
    }

    /// How dumps are judged.
    ///
    /// @param judging precision, risk and emulated runs
    /// @param compute what the truth is computed in; F64, but for steps that are too large for it
    /// @param device what replays the step, in `compute`; emulated runs are the CPU's in any case
    /// @param map a map file for dumps with foreign names and layouts (docs/recipes.md); null if names are ours
    /// @param histograms whether the errors of every tensor are counted, element by element
    /// @param threads CPU threads, at least 1; results do not depend on it
    public record Options(
            Judging judging,
            DType compute,
            DeviceId device,
            @Nullable Path map,
            boolean histograms,
            int threads) {
        /// As `deepflow check` without options, on all processors.
        public static Options defaults() {
            return new Options(
                    Judging.BY_BUDGETS,
                    DType.F64,
                    DeviceId.CPU,
                    null,
                    false,
                    Runtime.getRuntime().availableProcessors());
        }

        /// With another precision, risk or number of runs.
        public Options judging(Judging other) {
            return new Options(other, compute, device, map, histograms, threads);
        }

        /// With a map file.
        public Options map(Path file) {
            return new Options(judging, compute, device, file, histograms, threads);
        }
    }

    /// Judges one dump.
    ///
    /// @param dump a safetensors file, an index of shards, a folder of `.npy` files or a `.npz` file
    /// @throws FormatException if the dump, its configuration, weights or inputs, or the map are unusable, with a
    ///     sentence for the user
    public static Verdict check(Path dump, Options options) {
        try (Oracle oracle = open(options)) {
            return oracle.judge(dump);
        }
    }

    /// As [#check(Path, Options)] with the defaults.
    public static Verdict check(Path dump) {
        return check(dump, Options.defaults());
    }

    /// An oracle for several dumps.
    ///
    /// @throws FormatException if the map is unusable
    public static Oracle open(Options options) {
        TensorMap map = options.map() == null ? null : TensorMap.read(options.map());
        Backend backend = Backends.open(options.device(), BackendOptions.of(options.compute(), options.threads()));
        return new Oracle(options, map, backend);
    }

    /// Judges one dump.
    ///
    /// @throws FormatException as [#check(Path, Options)]
    public Verdict judge(Path path) {
        TreeMap<String, ErrorHistogram> histograms = new TreeMap<>();
        ErrorHistograms counter = options.histograms()
                ? (name, actual, truth, size) -> histograms.put(name, ErrorHistogram.of(actual, truth, size))
                : ErrorHistograms.NONE;
        try (Dump dump = Dump.open(path, map)) {
            CheckResult result = new Checker(backend, workers, options.judging()).check(dump, counter);
            return new Verdict(result, histograms);
        }
    }

    @Override
    public void close() {
        backend.close();
    }
}
