package deepflow.cpu;

import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.OperationCases;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Prints one line per case of [OperationCases] and type: a hash over the bits of all its results. Run by
/// [DeterminismTest] in JVMs with other flags.
public final class BitsMain {
    private BitsMain() {}

    /// @param args the number of threads
    public static void main(String[] args) {
        hashes(Integer.parseInt(args[0])).forEach((name, hash) -> System.out.println("bits " + name + " = " + hash));
    }

    /// Hashes by case, both types.
    static Map<String, String> hashes(int threads) {
        Map<String, String> out = new TreeMap<>();
        for (DType type : new DType[] {DType.F64, DType.F32}) {
            try (Backend b = Backends.open("cpu", type, threads)) {
                OperationCases.run(b).forEach((name, results) -> out.put(type + " " + name, hash(results)));
            }
        }
        return out;
    }

    private static String hash(List<double[]> results) {
        long h = 0;
        for (double[] r : results) {
            h = h * 31 + r.length;
            for (double v : r) {
                // Raw bits: a NaN that is not the canonical one counts as a difference.
                h = (h ^ Double.doubleToRawLongBits(v)) * 0x9E3779B97F4A7C15L;
                h ^= h >>> 29;
            }
        }
        return Long.toHexString(h);
    }
}
