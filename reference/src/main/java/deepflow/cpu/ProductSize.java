package deepflow.cpu;

/// The extents of a batch of products (M, K)·(K, N).
///
/// @param batches number of products
/// @param m rows of each result
/// @param n columns of each result
/// @param k terms of each sum
/// @param block how many of them are added to each other before they are added to the total, at least 1
record ProductSize(int batches, int m, int n, int k, int block) {}
