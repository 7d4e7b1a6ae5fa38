package deepflow.gpu.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/// How bytes travel between the heap and a GPU: through two page-locked buffers that take turns, the only kind
/// of host memory that a GPU copies while the program goes on.
///
/// An upload returns before its last piece has arrived: work called later finds it there, since it runs on the
/// same stream. A buffer is filled again only when the event behind its last copy has passed.
public final class Staging implements AutoCloseable {
    private static final int BYTES = 4 << 20;

    private final Device device;
    private final Half[] halves;
    private int turn;

    /// Fills or reads `buffer`, whose bytes are those of the tensor from byte `from` on.
    @FunctionalInterface
    public interface Piece {
        /// @param buffer in the machine's byte order, between position and limit
        /// @param from position of its first byte in the tensor
        void move(ByteBuffer buffer, long from);
    }

    private static final class Half {
        private final Pointer memory = new Pointer();
        private final CUevent_st passed = new CUevent_st();

        private Half() {
            Status.cuda("cudaHostAlloc", cudart.cudaHostAlloc(memory, BYTES, cudart.cudaHostAllocDefault));
            Status.cuda(
                    "cudaEventCreateWithFlags", cudart.cudaEventCreateWithFlags(passed, cudart.cudaEventDisableTiming));
        }

        private ByteBuffer buffer(int bytes) {
            BytePointer view = new BytePointer(new Address(memory.address())).capacity(bytes);
            return view.asByteBuffer().order(ByteOrder.nativeOrder());
        }
    }

    /// @param device whose stream the copies run on
    public Staging(Device device) {
        this.device = device;
        device.select();
        this.halves = new Half[] {new Half(), new Half()};
    }

    /// Copies to the GPU.
    ///
    /// @param to where, in device memory
    /// @param bytes how many
    /// @param piece fills the buffer, several times if there is much
    public void upload(long to, long bytes, Piece piece) {
        device.select();
        for (long at = 0; at < bytes; at += BYTES) {
            int n = (int) Math.min(BYTES, bytes - at);
            Half half = halves[turn];
            turn = 1 - turn;
            Status.cuda("cudaEventSynchronize", cudart.cudaEventSynchronize(half.passed));
            piece.move(half.buffer(n), at);
            Status.cuda(
                    "cudaMemcpyAsync",
                    cudart.cudaMemcpyAsync(
                            new Address(to + at), half.memory, n, cudart.cudaMemcpyHostToDevice, device.stream()));
            Status.cuda("cudaEventRecord", cudart.cudaEventRecord(half.passed, device.stream()));
        }
    }

    /// Copies from the GPU, after everything that was called before.
    ///
    /// @param from where, in device memory
    /// @param bytes how many
    /// @param piece reads the buffer, several times if there is much
    public void download(long from, long bytes, Piece piece) {
        device.select();
        Half half = halves[turn]; // free once the stream is: what it still carries runs before this copy
        for (long at = 0; at < bytes; at += BYTES) {
            int n = (int) Math.min(BYTES, bytes - at);
            Status.cuda(
                    "cudaMemcpyAsync",
                    cudart.cudaMemcpyAsync(
                            half.memory, new Address(from + at), n, cudart.cudaMemcpyDeviceToHost, device.stream()));
            device.synchronize();
            piece.move(half.buffer(n), at);
        }
    }

    @Override
    public void close() {
        device.select();
        for (Half half : halves) {
            cudart.cudaEventDestroy(half.passed);
            cudart.cudaFreeHost(half.memory);
        }
    }
}
