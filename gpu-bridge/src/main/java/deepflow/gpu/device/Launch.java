package deepflow.gpu.device;

import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/// One launch of a kernel in the making: arguments in the order of the kernel's parameters, then the grid.
/// Reused from launch to launch, since CUDA copies the arguments when it is called.
public final class Launch implements AutoCloseable {
    /// Threads of a block where a kernel treats elements one by one.
    public static final int THREADS = 256;

    private static final int MOST_ARGUMENTS = 24;
    private static final int BYTES = 1 << 10;
    /// Blocks a multiprocessor is given at most: enough to fill it; more elements are reached by striding.
    private static final int BLOCKS_EACH = 32;

    private final Device device;
    private final boolean wide;
    private final BytePointer values = new BytePointer(BYTES);
    private final PointerPointer<Pointer> addresses = new PointerPointer<>(MOST_ARGUMENTS);
    private @Nullable CUfunc_st kernel;
    private String name = "";
    private int used;
    private int arguments;

    /// @param wide whether a kernel's `real` is float64 (true) or float32
    Launch(Device device, boolean wide) {
        this.device = device;
        this.wide = wide;
    }

    Launch begin(CUfunc_st kernel, String name) {
        this.kernel = kernel;
        this.name = name;
        used = 0;
        arguments = 0;
        return this;
    }

    /// The place of the next argument, which takes so many bytes and is aligned to eight.
    private long place(int bytes) {
        int at = used;
        used += (bytes + 7) & ~7;
        if (used > BYTES || arguments == MOST_ARGUMENTS) {
            throw new IllegalStateException("kernel " + name + " has too many arguments");
        }
        addresses.put(arguments++, new Address(values.address() + at));
        return at;
    }

    /// A pointer into device memory.
    public Launch pointer(long address) {
        values.putLong(place(Long.BYTES), address);
        return this;
    }

    /// A `long long`: a number of elements, an extent.
    public Launch size(long n) {
        values.putLong(place(Long.BYTES), n);
        return this;
    }

    /// A `real`, rounded to nearest even.
    public Launch real(double x) {
        if (wide) {
            values.putDouble(place(Double.BYTES), x);
        } else {
            values.putFloat(place(Float.BYTES), (float) x);
        }
        return this;
    }

    /// A struct of `long long`s, by value.
    public Launch struct(long... fields) {
        long at = place(fields.length * Long.BYTES);
        for (int i = 0; i < fields.length; i++) {
            values.putLong(at + (long) i * Long.BYTES, fields[i]);
        }
        return this;
    }

    /// Runs the kernel with a thread for each of n elements, or for each of some of them: kernels stride over
    /// the grid. Nothing is run for 0.
    public void forElements(long n) {
        run((n + THREADS - 1) / THREADS, THREADS);
    }

    /// Runs the kernel with a block for each of n rows, or for each of some of them.
    ///
    /// @param threads of a block: a multiple of 32, at most 1024
    public void forRows(long n, int threads) {
        run(n, threads);
    }

    private void run(long blocks, int threads) {
        if (blocks == 0) {
            return;
        }
        int grid = (int) Math.min(blocks, (long) device.multiprocessors() * BLOCKS_EACH);
        device.select();
        Status.driver(
                "cuLaunchKernel of " + name,
                cudart.cuLaunchKernel(kernel, grid, 1, 1, threads, 1, 1, 0, device.stream(), addresses, null));
    }

    @Override
    public void close() {
        addresses.close();
        values.close();
    }
}
