package deepflow.gpu;

import deepflow.gpu.device.Address;
import deepflow.gpu.device.Device;
import deepflow.gpu.device.DeviceMemory.Block;
import deepflow.gpu.device.Kernels;
import deepflow.gpu.device.Status;
import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/// Matrix products by cuBLAS, the factors rounded as [ProductPrecision] says, sums and results in the tensors'
/// type.
///
/// cuBLAS stores columns, tensors store rows. What is row-major (M, N) is column-major (N, M), so that C = A·B
/// is asked for as Cᵀ = Bᵀ·Aᵀ: the factors change places, the flags and the leading dimensions (the length of a
/// stored row) stay theirs.
final class Products implements AutoCloseable {
    private final Tensors tensors;
    private final Device device;
    private final Kernels kernels;
    private final Pointwise pointwise;
    private final ProductPrecision precision;
    private final Pointer alpha;
    private final Pointer zero;

    Products(Tensors tensors, Device device, Kernels kernels, Pointwise pointwise, ProductPrecision precision) {
        this.tensors = tensors;
        this.device = device;
        this.kernels = kernels;
        this.pointwise = pointwise;
        this.precision = precision;
        boolean wide = tensors.type() == DType.F64;
        this.alpha = wide ? new DoublePointer(1) : new FloatPointer(1);
        this.zero = wide ? new DoublePointer(new double[] {0}) : new FloatPointer(new float[] {0});
    }

    /// A batch of products op(A)·op(B) of equal extents; op transposes where the flag says so.
    ///
    /// @param batch how many, one behind the other
    /// @param m rows of op(A) and C
    /// @param n columns of op(B) and C
    /// @param k columns of op(A), rows of op(B)
    record Extents(int batch, int m, int n, int k) {
        long sizeA() {
            return (long) m * k;
        }

        long sizeB() {
            return (long) k * n;
        }

        long sizeC() {
            return (long) m * n;
        }
    }

    /// C = factor·op(A)·op(B).
    ///
    /// @param a address of A, (batch, M, K), or (batch, K, M) if transposed
    /// @param b address of B, (batch, K, N), or (batch, N, K) if transposed
    /// @param c address of C, (batch, M, N); whatever is there is overwritten
    void multiply(Extents e, double factor, long a, boolean transposeA, long b, boolean transposeB, long c) {
        if (e.batch() == 0 || e.sizeC() == 0) {
            return;
        }
        if (e.k() == 0) {
            pointwise.fill(c, e.batch() * e.sizeC(), 0);
            return;
        }
        switch (precision) {
            case FULL, TF32 -> call(e, factor, a, transposeA, b, transposeB, c, type());
            case BF16 -> narrow("castBfloat16", e, factor, a, transposeA, b, transposeB, c, cudart.CUDA_R_16BF);
            case FP16 -> narrow("castFloat16", e, factor, a, transposeA, b, transposeB, c, cudart.CUDA_R_16F);
        }
    }

    private int type() {
        return tensors.type() == DType.F64 ? cudart.CUDA_R_64F : cudart.CUDA_R_32F;
    }

    /// The arithmetic. Pedantic: the sums of the type and nothing that imitates them.
    private int compute() {
        return switch (precision) {
            case FULL ->
                tensors.type() == DType.F64 ? cublas.CUBLAS_COMPUTE_64F_PEDANTIC : cublas.CUBLAS_COMPUTE_32F_PEDANTIC;
            case TF32 -> cublas.CUBLAS_COMPUTE_32F_FAST_TF32;
            case BF16, FP16 -> cublas.CUBLAS_COMPUTE_32F;
        };
    }

    private void narrow(
            String cast,
            Extents e,
            double factor,
            long a,
            boolean transposeA,
            long b,
            boolean transposeB,
            long c,
            int type) {
        Block narrowA = cast(cast, a, e.batch() * e.sizeA());
        Block narrowB = cast(cast, b, e.batch() * e.sizeB());
        call(e, factor, narrowA.address(), transposeA, narrowB.address(), transposeB, c, type);
        tensors.give(narrowA);
        tensors.give(narrowB);
    }

    private Block cast(String kernel, long from, long n) {
        Block to = tensors.scratchBytes(n * Short.BYTES);
        kernels.launch("casts", kernel)
                .pointer(from)
                .pointer(to.address())
                .size(n)
                .forElements(n);
        return to;
    }

    private void call(
            Extents e, double factor, long a, boolean transposeA, long b, boolean transposeB, long c, int type) {
        if (alpha instanceof DoublePointer wide) {
            wide.put(factor);
        } else if (alpha instanceof FloatPointer narrow) {
            narrow.put((float) factor);
        }
        int opA = transposeA ? cublas.CUBLAS_OP_T : cublas.CUBLAS_OP_N;
        int opB = transposeB ? cublas.CUBLAS_OP_T : cublas.CUBLAS_OP_N;
        int lda = transposeA ? e.m() : e.k();
        int ldb = transposeB ? e.k() : e.n();
        Pointer pa = new Address(a);
        Pointer pb = new Address(b);
        Pointer pc = new Address(c);
        device.select();
        if (e.batch() == 1) {
            Status.cublas(
                    "cublasGemmEx",
                    cublas.cublasGemmEx(
                            device.blas(),
                            opB,
                            opA,
                            e.n(),
                            e.m(),
                            e.k(),
                            alpha,
                            pb,
                            type,
                            ldb,
                            pa,
                            type,
                            lda,
                            zero,
                            pc,
                            type(),
                            e.n(),
                            compute(),
                            cublas.CUBLAS_GEMM_DEFAULT));
        } else {
            Status.cublas(
                    "cublasGemmStridedBatchedEx",
                    cublas.cublasGemmStridedBatchedEx(
                            device.blas(),
                            opB,
                            opA,
                            e.n(),
                            e.m(),
                            e.k(),
                            alpha,
                            pb,
                            type,
                            ldb,
                            e.sizeB(),
                            pa,
                            type,
                            lda,
                            e.sizeA(),
                            zero,
                            pc,
                            type(),
                            e.n(),
                            e.sizeC(),
                            e.batch(),
                            compute(),
                            cublas.CUBLAS_GEMM_DEFAULT));
        }
    }

    @Override
    public void close() {
        alpha.close();
        zero.close();
    }
}
