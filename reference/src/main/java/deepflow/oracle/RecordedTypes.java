package deepflow.oracle;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which types a dump's tensors had, and what arithmetic follows from them and the precision.
///
/// A tensor may have been written in a wider type than it had: bfloat16 numbers as float32, since NumPy has
/// no bfloat16, or all of a step as float64. One whose numbers all are of the precision's narrow type had
/// that type, and float64 in a step of less precision counts as float32.
final class RecordedTypes {
    /// What products make, and what is made of it. Weights and their gradients have the weights' type: under autocast
    /// that is a wider one than products have.
    private static final Set<Family> COMPUTED = EnumSet.of(Family.ACT, Family.GRADACT, Family.OUT);
    /// Numbers that are looked at together: one of the first few tells.
    private static final int PIECE = 1 << 10;

    private final Precision precision;
    private final Map<String, FloatFormat> types = new HashMap<>();

    /// @param precision what the dump is held to
    RecordedTypes(Dump dump, Precision precision) {
        this.precision = precision;
        for (String name : dump.names()) {
            FloatFormat written = written(dump, name);
            if (written != null) {
                types.put(name, computed(dump, name, written));
            }
        }
    }

    private static @Nullable FloatFormat written(Dump dump, String name) {
        return switch (dump.info(name).type()) {
            case F64 -> FloatFormat.F64;
            case F32 -> FloatFormat.F32;
            case BF16 -> FloatFormat.BF16;
            case F16 -> FloatFormat.FP16;
            default -> null;
        };
    }

    private FloatFormat computed(Dump dump, String name, FloatFormat written) {
        Arithmetic arithmetic = precision.arithmetic(false);
        FloatFormat wide = arithmetic.wide();
        FloatFormat narrow = arithmetic.productResult();
        FloatFormat most = wide.holds(written) ? written : wide;
        boolean narrowable = arithmetic.given() == narrow
                || Family.byName(name).filter(COMPUTED::contains).isPresent();
        return most != narrow && most.holds(narrow) && narrowable && allAre(narrow, dump, name) ? narrow : most;
    }

    private static boolean allAre(FloatFormat type, Dump dump, String name) {
        int elements = Math.toIntExact(dump.info(name).elements());
        double[] numbers = new double[Math.min(PIECE, elements)];
        for (int from = 0; from < elements; from += PIECE) {
            int count = Math.min(PIECE, elements - from);
            dump.read(name, from, count, numbers);
            for (int i = 0; i < count; i++) {
                if (type.nearest(numbers[i]) != numbers[i] && !Double.isNaN(numbers[i])) {
                    return false;
                }
            }
        }
        return true;
    }

    /// The type a tensor had; null if it was not recorded, or not as a floating one.
    @Nullable
    FloatFormat of(String name) {
        return types.get(name);
    }

    /// What the step computes in.
    Arithmetic arithmetic() {
        return precision.arithmetic(normsWiden());
    }

    /// Autocast on CUDA gives every LayerNorm's result in float32; on a CPU those of products' results stay narrow, as
    /// cross-space attention's of the modulated tokens and the acceleration layer's do.
    private boolean normsWiden() {
        return types.entrySet().stream()
                .filter(e -> e.getKey().startsWith(Family.ACT.prefix()))
                .filter(e -> e.getKey().matches(".*(norm[12]|norm_final|layer_norm|[qk]_norm)(#[0-9]+)?"))
                .allMatch(e -> e.getValue() == FloatFormat.F32);
    }
}
