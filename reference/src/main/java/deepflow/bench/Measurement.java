package deepflow.bench;

import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;
import java.util.Map;

/// How fast some work ran.
///
/// @param what its name
/// @param config the model's name
/// @param samples in the batch
/// @param threads that computed
/// @param device what computed
/// @param compute in which precision
/// @param sizes extents of a single operation, by name; empty for a step
/// @param warmUp runs that were not timed
/// @param runs that were
/// @param medianSeconds of one run
/// @param leastSeconds of the best run
/// @param gflops 10⁹ operations a second in products, two for each multiply-add; 0 for work without products
/// @param shareOfPeak of the multiply-adds that the same threads can do in registers, or the same device in one large
///     product
/// @param gigabytes 10⁹ bytes a second that operations read and write, each argument and result once
/// @param allocated bytes of Java objects made in one run: what the collector has to clear away
public record Measurement(
        String what,
        String config,
        int samples,
        int threads,
        Device device,
        DType compute,
        Map<String, Integer> sizes,
        int warmUp,
        int runs,
        double medianSeconds,
        double leastSeconds,
        double gflops,
        double shareOfPeak,
        double gigabytes,
        long allocated) {
    /// What computed.
    ///
    /// @param name of the back end
    /// @param products what the factors of products were rounded to
    public record Device(String name, ProductPrecision products) {}

    /// Samples a second, by the median.
    public double throughput() {
        return samples / medianSeconds;
    }
}
