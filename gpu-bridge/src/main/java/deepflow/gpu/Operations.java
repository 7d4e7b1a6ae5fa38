package deepflow.gpu;

import deepflow.gpu.device.Device;
import deepflow.gpu.device.KernelCache;
import deepflow.gpu.device.Kernels;
import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;

/// All that one back end works with on its GPU, by group: opened together and closed together, since the groups
/// share the memory, the compiled kernels and the libraries' handles.
///
/// @param multiplication what [#products] and [#attention] multiply by
record Operations(
        Device device,
        Kernels kernels,
        Tensors tensors,
        Layouts layouts,
        Pointwise pointwise,
        Products multiplication,
        ProductOperations products,
        Rows rows,
        Sums sums,
        Tokens tokens,
        Attention attention,
        Optimizer optimizer)
        implements AutoCloseable {

    /// Opens a GPU; what was opened of it is closed again if the rest fails.
    ///
    /// @param index which, from 0
    /// @param type of floating tensors
    /// @param precision of products
    /// @param cache where compiled kernels are kept
    static Operations open(int index, DType type, ProductPrecision precision, KernelCache cache) {
        Device device = new Device(index);
        try {
            Kernels kernels = new Kernels(device, cache, type == DType.F64);
            Tensors tensors = new Tensors(device, type);
            Layouts layouts = new Layouts(tensors, kernels);
            Pointwise pointwise = new Pointwise(tensors, kernels);
            Products multiplication = new Products(tensors, device, kernels, pointwise, precision);
            Rows rows = new Rows(tensors, device, kernels);
            Sums sums = new Sums(tensors, kernels, layouts, pointwise);
            return new Operations(
                    device,
                    kernels,
                    tensors,
                    layouts,
                    pointwise,
                    multiplication,
                    new ProductOperations(tensors, pointwise, multiplication),
                    rows,
                    sums,
                    new Tokens(tensors, kernels, sums),
                    new Attention(tensors, layouts, pointwise, multiplication, rows),
                    new Optimizer(tensors, kernels));
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    @Override
    public void close() {
        try {
            tensors.close();
            multiplication.close();
            rows.close();
            kernels.close();
        } finally {
            device.close();
        }
    }
}
