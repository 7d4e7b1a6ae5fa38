package deepflow.oracle.emulation;

import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// In which types a step computes: what type a result has, given what was computed and from which types. A type may be
/// null, that of a constant such as the 1 in 1 + scale, which takes the type of what it meets (PyTorch's rule for
/// Python numbers).
///
/// @param given type of weights, inputs and whatever comes from outside
/// @param products type that inputs of products are rounded to, which their results have; null where products take
///     the types they meet
/// @param productsKeep whether a product's result keeps the wider type: TensorFloat-32 rounds inputs alone
/// @param normsWiden whether LayerNorm gives float32 whatever it is given: autocast on CUDA; on a CPU it keeps its
///     input's type
public record Arithmetic(FloatFormat given, @Nullable FloatFormat products, boolean productsKeep, boolean normsWiden) {
    /// Every tensor in one type.
    public static Arithmetic uniform(FloatFormat format) {
        return new Arithmetic(format, format, false, false);
    }

    /// float32, inputs of products rounded to TensorFloat-32.
    public static Arithmetic tf32() {
        return new Arithmetic(FloatFormat.F32, FloatFormat.TF32, true, false);
    }

    /// float32 weights, products in a narrow type.
    ///
    /// @param normsWiden whether LayerNorm gives float32
    public static Arithmetic autocast(FloatFormat low, boolean normsWiden) {
        return new Arithmetic(FloatFormat.F32, low, false, normsWiden);
    }

    /// The type sums are accumulated and functions are evaluated in: float32, or float64 where that is the type.
    public FloatFormat wide() {
        return given == FloatFormat.F64 ? FloatFormat.F64 : FloatFormat.F32;
    }

    /// [#wide] as the type of a back end that accumulates in it.
    public DType accumulator() {
        return given == FloatFormat.F64 ? DType.F64 : DType.F32;
    }

    /// The type of a pointwise result: the widest of the inputs'.
    public @Nullable FloatFormat pointwise(@Nullable FloatFormat... inputs) {
        FloatFormat widest = null;
        for (FloatFormat f : inputs) {
            if (f == null) {
                continue;
            }
            if (widest == null || f.holds(widest)) {
                widest = f;
            } else if (!widest.holds(f)) {
                widest = FloatFormat.F32; // bfloat16 and binary16 meet in float32
            }
        }
        return widest;
    }

    /// What a product rounds its inputs to.
    public FloatFormat productInput() {
        return products == null ? given : products;
    }

    /// The type of a product's result.
    public FloatFormat productResult() {
        return productsKeep || products == null ? given : products;
    }

    /// The type of a normalised row.
    public @Nullable FloatFormat norm(@Nullable FloatFormat input) {
        return normsWiden ? wide() : input;
    }

    /// The type of a softmax: where 16-bit types are given way to float32 by autocast, they are here.
    public @Nullable FloatFormat softmax(@Nullable FloatFormat input) {
        return given.holds(FloatFormat.F32) ? pointwise(input, wide()) : input;
    }

    /// Whether a sum to this shape may be one over all rows of a tensor of tokens, as the gradients of LayerNorm's
    /// weight and bias are. (With one sample, so are some others.)
    public static boolean overAllRows(Shape to) {
        return to.rank() >= 3 && to.size() == to.dim(-1);
    }

    /// Whether a sum to this shape is one of rows, as the gradient of any bias is.
    public static boolean ofRows(Shape to) {
        return to.rank() >= 2 && to.size() == to.dim(-1) && to.size() > 1;
    }
}
