package deepflow.cpu;

/// The extents of a batch of products (M, K)·(K, N).
///
/// @param batches number of products
/// @param m rows of each result
/// @param n columns of each result
/// @param k terms of each sum
record ProductSize(int batches, int m, int n, int k) {}
