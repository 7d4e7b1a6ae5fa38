package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import org.jspecify.annotations.Nullable;

/// In which types a dump's tensors were recorded, and what arithmetic follows from them and the declared precision.
final class RecordedTypes {
    private final Dump dump;

    RecordedTypes(Dump dump) {
        this.dump = dump;
    }

    /// The type a tensor was recorded in; null if it was not, or not as a floating one.
    @Nullable
    FloatFormat of(String name) {
        if (!dump.has(name)) {
            return null;
        }
        ElementType type = dump.info(name).type();
        return switch (type) {
            case F64 -> FloatFormat.F64;
            case F32 -> FloatFormat.F32;
            case BF16 -> FloatFormat.BF16;
            case F16 -> FloatFormat.FP16;
            default -> null;
        };
    }

    /// What a step of this precision computes in.
    Arithmetic arithmetic(Precision precision) {
        return precision.arithmetic(normsWiden());
    }

    /// Autocast on CUDA gives every LayerNorm's result in float32; on a CPU those of products' results stay narrow, as
    /// cross-space attention's of the modulated tokens and the acceleration layer's do.
    private boolean normsWiden() {
        return dump.names().stream()
                .filter(name -> name.startsWith(Family.ACT.prefix()))
                .filter(name -> name.matches(".*(norm[12]|norm_final|layer_norm|[qk]_norm)(#[0-9]+)?"))
                .allMatch(name -> of(name) == FloatFormat.F32);
    }
}
