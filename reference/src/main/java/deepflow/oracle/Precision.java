package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// The precision a dump declares it was computed in, and what error is accepted for it.
///
/// The acceptance threshold is one number per precision: the largest relative error ‖a − o‖/‖o‖ of a tensor. It was
/// chosen from correct steps of the PyTorch peer (`docs/check.md` has the measurements).
public enum Precision {
    /// Every tensor in binary64.
    F64(1e-12, ElementType.F64),
    /// Every tensor in binary32.
    F32(1e-5, ElementType.F32),
    /// binary32 with products rounded to TensorFloat-32.
    TF32(4e-2, ElementType.F32),
    /// Every tensor in bfloat16.
    BF16(0.2, ElementType.BF16),
    /// Every tensor in binary16.
    FP16(4e-2, ElementType.F16),
    /// Autocast: products in bfloat16 over float32 weights.
    AMP_BF16(0.2, ElementType.F32),
    /// Autocast: products in binary16 over float32 weights.
    AMP_FP16(4e-2, ElementType.F32);

    private final double threshold;
    private final ElementType weights;

    Precision(double threshold, ElementType weights) {
        this.threshold = threshold;
        this.weights = weights;
    }

    /// The largest relative error that is accepted.
    public double threshold() {
        return threshold;
    }

    /// The type of weights and losses in a dump of this precision.
    public ElementType weights() {
        return weights;
    }

    /// What a step of this precision computes in.
    ///
    /// @param normsWiden whether autocast gives LayerNorms' results in float32, as on CUDA
    public Arithmetic arithmetic(boolean normsWiden) {
        return switch (this) {
            case F64 -> Arithmetic.uniform(FloatFormat.F64);
            case F32 -> Arithmetic.uniform(FloatFormat.F32);
            case TF32 -> Arithmetic.tf32();
            case BF16 -> Arithmetic.uniform(FloatFormat.BF16);
            case FP16 -> Arithmetic.uniform(FloatFormat.FP16);
            case AMP_BF16 -> Arithmetic.autocast(FloatFormat.BF16, normsWiden);
            case AMP_FP16 -> Arithmetic.autocast(FloatFormat.FP16, normsWiden);
        };
    }

    /// The name in a dump: `f64`, `amp-bf16`.
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// The precision of this name.
    public static Optional<Precision> of(String label) {
        return Arrays.stream(values()).filter(p -> p.label().equals(label)).findFirst();
    }

    /// All names, for messages: `f64, f32, …`.
    public static String labels() {
        return Arrays.stream(values()).map(Precision::label).collect(Collectors.joining(", "));
    }
}
