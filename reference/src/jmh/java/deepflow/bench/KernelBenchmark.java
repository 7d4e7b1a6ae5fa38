package deepflow.bench;

import deepflow.model.Configs;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Single operations, in the extents they have in a step of `config`: the work of `deepflow bench`, in JVMs of their
/// own.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 2, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class KernelBenchmark {
    @Param({
        "attention",
        "attention_backward",
        "layer_norm",
        "layer_norm_backward",
        "softmax",
        "gelu",
        "gelu_backward",
        "silu",
        "permute",
        "adamw"
    })
    private String what;

    @Param({"digits", "latent-s"})
    private String config;

    @Param({"F32", "F64"})
    private DType dtype;

    @Param("1")
    private int threads;

    private Backend backend;
    private Runnable work;

    @Setup
    public void prepare() {
        backend = Backends.open("cpu", dtype, threads);
        Bench bench = new Bench(config, Configs.resolve(config), Bench.usualBatch(config), 1);
        work = bench.work(Set.of(what)).getFirst().on(backend);
    }

    @TearDown
    public void close() {
        backend.close();
    }

    @Benchmark
    public void run() {
        try (Arena _ = backend.arena()) {
            work.run();
        }
    }
}
