package deepflow.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One of n equal, consecutive parts of the samples, counted from 1.
///
/// @param number i, from 1 to n
/// @param of n
record Shard(int number, int of) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

    /// What `--shard` says.
    ///
    /// @throws UserException if it is not `i/n` with 1 ≤ i ≤ n
    static Shard parse(String text) {
        Matcher m = FORM.matcher(text);
        if (m.matches()) {
            Shard shard = new Shard(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)));
            if (shard.number >= 1 && shard.number <= shard.of) {
                return shard;
            }
        }
        throw new UserException("--shard must be i/n with i from 1 to n, as in 1/2 and 2/2, got '" + text + "'.");
    }

    /// Where it begins among `count` samples.
    int from(int count) {
        return (int) ((long) count * (number - 1) / of);
    }

    /// Where it ends, exclusive.
    int to(int count) {
        return (int) ((long) count * number / of);
    }

    /// What distinguishes its files from other shards'.
    String suffix() {
        return of == 1 ? "" : "-" + number + "-of-" + of;
    }
}
