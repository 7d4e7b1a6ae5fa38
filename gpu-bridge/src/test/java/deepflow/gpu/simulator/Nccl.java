package deepflow.gpu.simulator;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/// The simulated NCCL by plain foreign calls, one communicator; for tests of the simulator only.
final class Nccl {
    private static final int ID_BYTES = 128;
    private static final MemoryLayout ID =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(ID_BYTES, ValueLayout.JAVA_BYTE));
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;

    private final SymbolLookup symbols;
    private MemorySegment communicator = MemorySegment.NULL;

    Nccl(Simulator simulator) {
        symbols = SymbolLookup.libraryLookup(simulator.directory().resolve("libcudasim.so"), Arena.global());
    }

    private int call(String name, FunctionDescriptor descriptor, Object... arguments) {
        try {
            return (int) Linker.nativeLinker()
                    .downcallHandle(symbols.findOrThrow(name), descriptor)
                    .invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static FunctionDescriptor taking(MemoryLayout... layouts) {
        return FunctionDescriptor.of(ValueLayout.JAVA_INT, layouts);
    }

    private static MemorySegment address(@Nullable Pointer pointer) {
        return pointer == null ? MemorySegment.NULL : MemorySegment.ofAddress(pointer.address());
    }

    byte[] uniqueId() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment id = arena.allocate(ID);
            if (call("ncclGetUniqueId", taking(POINTER), id) != 0) {
                throw new IllegalStateException("no unique id");
            }
            return id.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    int init(int ranks, byte[] id, int rank) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(POINTER);
            MemorySegment copy = arena.allocate(ID);
            MemorySegment.copy(id, 0, copy, ValueLayout.JAVA_BYTE, 0, ID_BYTES);
            int status = call(
                    "ncclCommInitRank",
                    taking(POINTER, ValueLayout.JAVA_INT, ID, ValueLayout.JAVA_INT),
                    result,
                    ranks,
                    copy,
                    rank);
            communicator = result.get(POINTER, 0);
            return status;
        }
    }

    int allReduce(Pointer send, Pointer receive, long count, int type, int operation, @Nullable CUstream_st stream) {
        return call(
                "ncclAllReduce",
                taking(
                        POINTER,
                        POINTER,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        POINTER,
                        POINTER),
                address(send),
                address(receive),
                count,
                type,
                operation,
                communicator,
                address(stream));
    }

    int allGather(Pointer send, Pointer receive, long count, int type, @Nullable CUstream_st stream) {
        return call(
                "ncclAllGather",
                taking(POINTER, POINTER, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, POINTER, POINTER),
                address(send),
                address(receive),
                count,
                type,
                communicator,
                address(stream));
    }

    int broadcast(Pointer send, Pointer receive, long count, int type, int root, @Nullable CUstream_st stream) {
        return call(
                "ncclBroadcast",
                taking(
                        POINTER,
                        POINTER,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        POINTER,
                        POINTER),
                address(send),
                address(receive),
                count,
                type,
                root,
                communicator,
                address(stream));
    }

    int asyncError() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(ValueLayout.JAVA_INT);
            int status = call("ncclCommGetAsyncError", taking(POINTER, POINTER), communicator, error);
            return status == 0 ? error.get(ValueLayout.JAVA_INT, 0) : -status;
        }
    }

    int destroy() {
        return call("ncclCommDestroy", taking(POINTER), communicator);
    }

    int abort() {
        return call("ncclCommAbort", taking(POINTER), communicator);
    }
}
