package deepflow.bench;

import deepflow.cost.Product;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.util.Arrays;
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

/// Matrix products: squares, and shapes that are tall, thin, short in k, odd, and of many small batches.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 2, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class ProductBenchmark {
    /// Batches, m, n, k.
    @Param({
        "1x512x512x512",
        "1x1024x1024x1024",
        "1x2048x2048x2048",
        "1x1024x1536x384",
        "1x1024x384x1536",
        "1x16384x48x48",
        "1x4x2304x384",
        "1x257x129x63",
        "256x16x16x32",
        "24x256x256x64"
    })
    private String shape;

    /// Which operands are transposed: none, the right one as in a linear layer, the left one as in a weight's gradient.
    @Param({"", "B", "A"})
    private String transposed;

    @Param({"F32", "F64"})
    private DType dtype;

    @Param("1")
    private int threads;

    private Backend backend;
    private Runnable work;

    @Setup
    public void prepare() {
        int[] s = Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
        Product product = new Product(s[0], s[1], s[2], s[3], transposed.equals("A"), transposed.equals("B"));
        backend = Backends.open("cpu", dtype, threads);
        work = KernelWork.product(product, 0).on(backend);
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
