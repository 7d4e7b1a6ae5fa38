package deepflow.tensor;

import java.util.Locale;

/// What a back end rounds the factors of matrix products to ([Backend#matmul], [Backend#linear], and the products
/// inside
/// attention). Sums and results stay in the back end's own type, and so does every other operation.
///
/// Of PyTorch's settings, `full` and `tf32` are what `torch.backends.cuda.matmul.fp32_precision` calls `ieee` and
/// `tf32`. `bf16` and `fp16` round less often than autocast does, which stores results in the low type, too.
public enum ProductPrecision {
    /// Not at all.
    FULL,
    /// A significand of 11 bits, exponents as in float32.
    TF32,
    /// A significand of 8 bits, exponents as in float32.
    BF16,
    /// A significand of 11 bits, from 2⁻²⁴ to 65504: small gradients need a scaled loss.
    FP16;

    /// As on the command line: `full`, `tf32`, `bf16`, `fp16`.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
