package deepflow.cpu;

/// A matrix inside an array, plain or transposed: element (i, j) is `data[offset + i·rowStride + j·columnStride]`,
/// one of the two strides being 1.
record MatrixF64(double[] data, int offset, int rowStride, int columnStride) {
    /// The matrix stored at `offset` in rows that begin `width` elements apart, or its transpose.
    static MatrixF64 of(double[] data, int offset, int width, boolean transposed) {
        return transposed ? new MatrixF64(data, offset, 1, width) : new MatrixF64(data, offset, width, 1);
    }

    /// Where element (i, j) is.
    int at(int i, int j) {
        return offset + i * rowStride + j * columnStride;
    }

    /// The transpose, without copying.
    MatrixF64 transpose() {
        return new MatrixF64(data, offset, columnStride, rowStride);
    }
}
