package deepflow.tensor;

/// How a back end is to compute.
///
/// @param dtype floating type of its tensors
/// @param products what it rounds the factors of matrix products to
/// @param accumulation in which partial sums it adds their terms
/// @param threads CPU threads to use, at least 1
public record BackendOptions(DType dtype, ProductPrecision products, Accumulation accumulation, int threads) {
    /// @throws IllegalArgumentException if the type is not a floating one, or `threads` is less than 1
    public BackendOptions {
        if (!dtype.isFloating()) {
            throw new IllegalArgumentException("back ends compute in F64 or F32, got " + dtype);
        }
        if (threads < 1) {
            throw new IllegalArgumentException("at least one thread is needed, got " + threads);
        }
    }

    /// Terms added as the back end likes it best.
    public BackendOptions(DType dtype, ProductPrecision products, int threads) {
        this(dtype, products, Accumulation.OWN, threads);
    }

    /// The same with another accumulation.
    public BackendOptions accumulating(Accumulation other) {
        return new BackendOptions(dtype, products, other, threads);
    }

    /// Products in full precision.
    public static BackendOptions of(DType dtype, int threads) {
        return new BackendOptions(dtype, ProductPrecision.FULL, threads);
    }
}
