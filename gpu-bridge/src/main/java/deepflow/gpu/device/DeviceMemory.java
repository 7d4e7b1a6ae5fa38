package deepflow.gpu.device;

import deepflow.tensor.DeviceFailure;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/// Memory of one GPU. Blocks that are given back are kept and handed out again, since asking CUDA takes longer
/// than most kernels and waits for all of them.
///
/// **Order**: a block may be handed out while work that reads or writes it is still waiting in the stream. That
/// is right because all work of a back end runs on one stream, in the order of the calls: whoever gets the
/// block next touches it after that work. Only when memory goes back to CUDA ([#trim]) the stream is waited
/// for.
///
/// **Sizes** are rounded up so that few different ones occur: below a mebibyte to an eighth of a power of two
/// (512 bytes at least), above to a multiple of two mebibytes. A larger block is taken if at most an eighth is
/// wasted.
public final class DeviceMemory implements AutoCloseable {
    private static final long SMALLEST = 512;
    private static final long LARGE = 1L << 20;
    private static final long LARGE_STEP = 2L << 20;

    private final Device device;
    private final Runnable reclaim;
    private final TreeMap<Long, Deque<Block>> free = new TreeMap<>();
    private long taken;
    private long cached;
    private boolean closed;

    /// A stretch of memory.
    ///
    /// @param address where it begins; a multiple of 256
    /// @param bytes how long it is
    public record Block(long address, long bytes) {
        /// The pointer that native functions take.
        public Pointer pointer() {
            return new Address(address);
        }
    }

    /// @param device whose memory it is
    /// @param reclaim gives back blocks that nobody can reach any more; run before memory counts as exhausted
    public DeviceMemory(Device device, Runnable reclaim) {
        this.device = device;
        this.reclaim = reclaim;
    }

    /// The size that is asked of CUDA for so many bytes.
    static long rounded(long bytes) {
        if (bytes <= SMALLEST) {
            return SMALLEST;
        }
        long step = bytes > LARGE ? LARGE_STEP : Math.max(SMALLEST, Long.highestOneBit(bytes - 1) >>> 3);
        return Math.multiplyExact((bytes + step - 1) / step, step);
    }

    /// Memory for so many bytes, whose content may be anything.
    ///
    /// @throws DeviceFailure if there is none left even after all that is cached went back
    public Block take(long bytes) {
        if (closed) {
            throw new IllegalStateException("this back end has been closed");
        }
        long size = rounded(bytes);
        Block block = cached(size);
        if (block == null) {
            device.select();
            try (Pointer p = new Pointer()) {
                int status = cudart.cudaMalloc(p, size);
                if (status == cudart.cudaErrorMemoryAllocation) {
                    cudart.cudaGetLastError();
                    reclaim.run();
                    trim();
                    status = cudart.cudaMalloc(p, size);
                }
                if (status == cudart.cudaErrorMemoryAllocation) {
                    cudart.cudaGetLastError();
                    throw exhausted(bytes);
                }
                Status.cuda("cudaMalloc", status);
                block = new Block(p.address(), size);
            }
        }
        taken += block.bytes();
        return block;
    }

    private @Nullable Block cached(long size) {
        Map.Entry<Long, Deque<Block>> fitting = free.ceilingEntry(size);
        if (fitting == null || fitting.getKey() - size > size / 8) {
            return null;
        }
        Block block = fitting.getValue().pop();
        if (fitting.getValue().isEmpty()) {
            free.remove(fitting.getKey());
        }
        cached -= block.bytes();
        return block;
    }

    /// Gives a block back; nothing that is called from now on may use it.
    public void give(Block block) {
        taken -= block.bytes();
        cached += block.bytes();
        free.computeIfAbsent(block.bytes(), _ -> new ArrayDeque<>()).push(block);
    }

    /// Returns to CUDA what nobody holds, once the stream no longer works on it.
    public void trim() {
        device.synchronize();
        device.select();
        for (Deque<Block> blocks : free.values()) {
            for (Block block : blocks) {
                Status.cuda("cudaFree", cudart.cudaFree(block.pointer()));
            }
        }
        free.clear();
        cached = 0;
    }

    /// Bytes that tensors and scratch hold.
    public long taken() {
        return taken;
    }

    /// Bytes kept for the next who asks.
    public long cached() {
        return cached;
    }

    private DeviceFailure exhausted(long bytes) {
        return new DeviceFailure("GPU " + device.index() + " (" + device.name() + ") has no room for another "
                + size(bytes) + ": this run holds " + size(taken) + " of its " + size(device.memoryInAll())
                + "; use a smaller batch, or cut the batch into more parts.");
    }

    private static String size(long bytes) {
        return bytes < 1L << 30
                ? String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20)
                : String.format(Locale.ROOT, "%.1f GiB", bytes / 0x1p30);
    }

    /// Returns everything to CUDA; owners give their blocks back before.
    @Override
    public void close() {
        if (!closed) {
            trim();
            closed = true;
        }
    }
}
