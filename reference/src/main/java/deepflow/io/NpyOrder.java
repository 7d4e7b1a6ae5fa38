package deepflow.io;

/// Puts elements into the order in which the rest of the program expects them.
final class NpyOrder {
    private NpyOrder() {}

    /// Reverses the bytes of each element.
    static void swap(byte[] data, int width) {
        for (int begin = 0; begin < data.length; begin += width) {
            for (int i = begin, j = begin + width - 1; i < j; i++, j--) {
                byte b = data[i];
                data[i] = data[j];
                data[j] = b;
            }
        }
    }

    /// Column-major → row-major: walks through the target in order, and keeps the place in the source by an odometer.
    static void toRowMajor(byte[] source, byte[] target, long[] shape, int width) {
        int rank = shape.length;
        long[] stride = new long[rank];
        long step = width;
        for (int d = 0; d < rank; d++) {
            stride[d] = step;
            step *= shape[d];
        }
        long[] index = new long[rank];
        long from = 0;
        for (int to = 0; to < target.length; to += width) {
            System.arraycopy(source, (int) from, target, to, width);
            for (int d = rank - 1; d >= 0; d--) {
                from += stride[d];
                if (++index[d] < shape[d]) {
                    break;
                }
                from -= stride[d] * shape[d];
                index[d] = 0;
            }
        }
    }
}
