package deepflow.cost;

/// The extents of a matrix product: op(A)·op(B), batch by batch.
///
/// @param batches products of these extents
/// @param m rows of the result
/// @param n columns of the result
/// @param k terms of each sum
/// @param transposeA whether A is (K, M)
/// @param transposeB whether B is (N, K), as in a linear layer
public record Product(int batches, int m, int n, int k, boolean transposeA, boolean transposeB) {
    /// Of all batches together.
    public long multiplyAdds() {
        return (long) batches * m * n * k;
    }
}
