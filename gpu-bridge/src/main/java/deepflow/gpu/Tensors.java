package deepflow.gpu;

import deepflow.gpu.device.Device;
import deepflow.gpu.device.DeviceMemory;
import deepflow.gpu.device.DeviceMemory.Block;
import deepflow.gpu.device.Staging;
import deepflow.tensor.Arena;
import deepflow.tensor.Arenas;
import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The tensors of one back end: how they come to be, where their elements are, and when their memory is free
/// again.
///
/// Memory is given back when a tensor is released, when its arena closes, or when nobody can reach it any more.
/// The collector learns of the last late, since a handle is small whatever it stands for: before memory counts
/// as exhausted it is asked to look.
final class Tensors implements AutoCloseable {
    /// How long to wait for the collector's word, in milliseconds, when memory is short.
    private static final long PATIENCE = 100;

    private final DType type;
    private final Device device;
    private final DeviceMemory memory;
    private final Staging staging;
    private final Arenas arenas = new Arenas(() -> {});
    private final ReferenceQueue<DeviceStorage> unreachable = new ReferenceQueue<>();
    private final Set<Holding> held = new HashSet<>();

    /// @param type of floating tensors
    Tensors(Device device, DType type) {
        this.type = type;
        this.device = device;
        this.memory = new DeviceMemory(device, this::collect);
        this.staging = new Staging(device);
    }

    /// The smallest and the largest of some indices.
    record Range(int least, int most) {}

    /// Memory in the name of a storage; it outlives the storage until it is noticed that nobody reaches it.
    final class Holding extends PhantomReference<DeviceStorage> {
        private @Nullable Block block;

        private Holding(DeviceStorage owner, Block block) {
            super(owner, unreachable);
            this.block = block;
            held.add(this);
        }

        private long address() {
            return block == null ? 0 : block.address();
        }

        private Tensors owner() {
            return Tensors.this;
        }

        void free() {
            if (block != null) {
                memory.give(block);
                block = null;
                held.remove(this);
            }
        }
    }

    /// Takes back what is known to be out of reach.
    private void sweep() {
        for (Reference<?> r = unreachable.poll(); r != null; r = unreachable.poll()) {
            ((Holding) r).free();
        }
    }

    /// Asks the collector what is out of reach, and takes it back.
    private void collect() {
        System.gc();
        try {
            for (Reference<?> r = unreachable.remove(PATIENCE); r != null; r = unreachable.remove(PATIENCE)) {
                ((Holding) r).free();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The floating type.
    DType type() {
        return type;
    }

    /// Bytes of so many floating elements.
    long bytes(long elements) {
        return Math.multiplyExact(elements, (long) type.bytes());
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    /// Memory for so many floating elements, to be given back by [#give] or to become a tensor by [#wrap].
    Block scratch(long elements) {
        sweep();
        return memory.take(bytes(elements));
    }

    /// Memory for so many bytes, to be given back by [#give].
    Block scratchBytes(long bytes) {
        sweep();
        return memory.take(bytes);
    }

    /// Gives scratch memory back. Work that was called before may still use it: see [DeviceMemory].
    void give(Block block) {
        memory.give(block);
    }

    /// A floating tensor of the innermost arena over memory that is nobody else's from now on.
    Tensor wrap(Shape shape, Block block) {
        return wrap(shape, type, block, null);
    }

    private Tensor wrap(Shape shape, DType dtype, Block block, @Nullable Range range) {
        DeviceStorage storage = new DeviceStorage(shape.size(), range);
        storage.hold(new Holding(storage, block));
        arenas.register(storage);
        return new Tensor(shape, dtype, storage);
    }

    /// A new floating tensor of the innermost arena, whose elements may be anything: every one must be written.
    Tensor create(Shape shape) {
        return wrap(shape, scratch(shape.size()));
    }

    /// Where the elements of a tensor of this back end are.
    ///
    /// @throws IllegalStateException if it was freed
    /// @throws IllegalArgumentException if it is another back end's
    long address(Tensor x) {
        if (!(x.storage() instanceof DeviceStorage storage)) {
            throw new IllegalArgumentException("tensor " + x.shape() + " of type " + x.dtype()
                    + " belongs to another back end; this one computes in " + type + " on a GPU");
        }
        Holding holding = storage.holding();
        if (holding == null) {
            throw new IllegalStateException("tensor " + x.shape() + " was freed when its arena closed");
        }
        if (holding.owner() != this) {
            throw new IllegalArgumentException("tensor " + x.shape() + " belongs to another back end, on GPU "
                    + holding.owner().device.index());
        }
        return holding.address();
    }

    /// The indices' range.
    static @Nullable Range range(Tensor indices) {
        return indices.storage() instanceof DeviceStorage storage ? storage.range() : null;
    }

    void release(Tensor x) {
        arenas.release(x);
    }

    Arena arena() {
        return arenas.open();
    }

    /// Bytes that tensors and scratch hold now.
    long taken() {
        return memory.taken();
    }

    // ---- in and out -----------------------------------------------------------------------------------------

    Tensor upload(double[] values, Shape shape) {
        Arguments.values("upload", values.length, shape);
        Tensor x = create(shape);
        boolean wide = type == DType.F64;
        staging.upload(address(x), bytes(values.length), (buffer, from) -> {
            if (wide) {
                buffer.asDoubleBuffer().put(values, (int) (from / Double.BYTES), buffer.remaining() / Double.BYTES);
            } else {
                int at = (int) (from / Float.BYTES);
                while (buffer.hasRemaining()) {
                    buffer.putFloat((float) values[at++]);
                }
            }
        });
        return x;
    }

    Tensor uploadIndices(int[] values, Shape shape) {
        Arguments.values("uploadIndices", values.length, shape);
        long bytes = (long) values.length * Integer.BYTES;
        Range range = values.length == 0
                ? null
                : new Range(
                        Arrays.stream(values).min().getAsInt(),
                        Arrays.stream(values).max().getAsInt());
        Tensor x = wrap(shape, DType.I32, scratchBytes(bytes), range);
        staging.upload(
                address(x),
                bytes,
                (buffer, from) -> buffer.asIntBuffer()
                        .put(values, (int) (from / Integer.BYTES), buffer.remaining() / Integer.BYTES));
        return x;
    }

    /// The elements, NaNs made canonical: this is the one place where the bits of a NaN can be seen, and those
    /// of the GPU differ from Java's.
    double[] download(Tensor x) {
        double[] out = new double[Math.toIntExact(x.size())];
        staging.download(address(x), x.size() * x.dtype().bytes(), (buffer, from) -> {
            int at = (int) (from / x.dtype().bytes());
            while (buffer.hasRemaining()) {
                double value = next(buffer, x.dtype());
                out[at++] = Double.isNaN(value) ? Double.NaN : value;
            }
        });
        return out;
    }

    private static double next(ByteBuffer buffer, DType dtype) {
        return switch (dtype) {
            case F64 -> buffer.getDouble();
            case F32 -> buffer.getFloat();
            case I32 -> buffer.getInt();
        };
    }

    /// The elements of an index tensor.
    int[] indices(Tensor x) {
        return Arrays.stream(download(x)).mapToInt(v -> (int) v).toArray();
    }

    /// Frees everything.
    @Override
    public void close() {
        arenas.close();
        Set.copyOf(held).forEach(Holding::free);
        staging.close();
        memory.close();
    }
}
