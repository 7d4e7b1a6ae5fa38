package deepflow.io;

/// Which elements are being converted, for the message when one does not fit.
///
/// @param what file and tensor
/// @param first the index of the first element at hand, in row-major order
record Where(String what, long first) {
    FormatException error(int offset, String problem) {
        return new FormatException(what + ": element " + (first + offset) + " " + problem + ".");
    }

    Where plus(long offset) {
        return new Where(what, first + offset);
    }
}
