package deepflow.gpu.parallel;

import deepflow.tensor.DType;
import deepflow.tensor.DeviceFailure;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// NVIDIA's library of collective communication, version 2 (`libnccl.so.2`): the functions that are needed
/// here, each with its status checked.
final class Nccl {
    /// What the system's loader looks for.
    static final String LIBRARY = "libnccl.so.2";

    /// Bytes of a `ncclUniqueId`, which is passed by value.
    static final int ID_BYTES = 128;

    private static final int FLOAT32 = 7;
    private static final int FLOAT64 = 8;
    private static final int LONGEST_TEXT = 1 << 12;
    private static final StructLayout ID =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(ID_BYTES, ValueLayout.JAVA_BYTE));
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;

    @SuppressWarnings("restricted") // the text of a status, read up to its end
    private static final AddressLayout TEXT =
            POINTER.withTargetLayout(MemoryLayout.sequenceLayout(LONGEST_TEXT, ValueLayout.JAVA_BYTE));

    private final MethodHandle getUniqueId;
    private final MethodHandle commInitRank;
    private final MethodHandle commDestroy;
    private final MethodHandle commAbort;
    private final MethodHandle commGetAsyncError;
    private final MethodHandle allGather;
    private final MethodHandle getErrorString;

    private Nccl(SymbolLookup library) {
        getUniqueId = function(library, "ncclGetUniqueId", FunctionDescriptor.of(INT, POINTER));
        commInitRank = function(library, "ncclCommInitRank", FunctionDescriptor.of(INT, POINTER, INT, ID, INT));
        commDestroy = function(library, "ncclCommDestroy", FunctionDescriptor.of(INT, POINTER));
        commAbort = function(library, "ncclCommAbort", FunctionDescriptor.of(INT, POINTER));
        commGetAsyncError = function(library, "ncclCommGetAsyncError", FunctionDescriptor.of(INT, POINTER, POINTER));
        allGather = function(
                library, "ncclAllGather", FunctionDescriptor.of(INT, POINTER, POINTER, LONG, INT, POINTER, POINTER));
        getErrorString = function(library, "ncclGetErrorString", FunctionDescriptor.of(TEXT, INT));
    }

    @SuppressWarnings("restricted") // a downcall is what this class is for
    private static MethodHandle function(SymbolLookup library, String name, FunctionDescriptor type) {
        MemorySegment address = library.find(name)
                .orElseThrow(() -> new DeviceFailure(
                        LIBRARY + " has no function " + name + ": install NCCL 2.20 or newer, for CUDA 13."));
        return Linker.nativeLinker().downcallHandle(address, type);
    }

    /// Loads the library.
    ///
    /// @throws DeviceFailure if it is missing or too old
    static Nccl load() {
        return load(LIBRARY);
    }

    @SuppressWarnings("restricted")
    static Nccl load(String library) {
        SymbolLookup found;
        try {
            found = SymbolLookup.libraryLookup(library, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new DeviceFailure(
                    "Several GPUs need " + library
                            + ", which is not on this machine: install NVIDIA's NCCL 2 for CUDA 13"
                            + " (package libnccl2) and put its folder on LD_LIBRARY_PATH, or train on one GPU.",
                    e);
        }
        return new Nccl(found);
    }

    /// One rank's end of a communicator.
    ///
    /// @param handle `ncclComm_t`
    record Communicator(MemorySegment handle) {}

    /// A new id, made by one rank for all.
    byte[] uniqueId() {
        try (Arena memory = Arena.ofConfined()) {
            MemorySegment id = memory.allocate(ID);
            check("ncclGetUniqueId", (int) getUniqueId.invokeExact(id));
            return id.toArray(ValueLayout.JAVA_BYTE);
        } catch (Throwable e) {
            throw thrown("ncclGetUniqueId", e);
        }
    }

    /// Joins the others; returns when all have. The process's current GPU is the rank's.
    Communicator join(byte[] id, int ranks, int rank) {
        try (Arena memory = Arena.ofConfined()) {
            MemorySegment value = memory.allocate(ID).copyFrom(MemorySegment.ofArray(id));
            MemorySegment handle = memory.allocate(POINTER);
            check("ncclCommInitRank", (int) commInitRank.invokeExact(handle, ranks, value, rank));
            return new Communicator(handle.get(POINTER, 0));
        } catch (Throwable e) {
            throw thrown("ncclCommInitRank", e);
        }
    }

    /// Puts a gathering on a stream: `to` receives `count` elements of every rank, in the order of ranks.
    ///
    /// @param from device address of `count` elements
    /// @param to device address of `count` elements for each rank
    /// @param stream `cudaStream_t`
    void allGather(Communicator c, long from, long to, long count, DType type, long stream) {
        try {
            check("ncclAllGather", (int) allGather.invokeExact(
                    MemorySegment.ofAddress(from),
                    MemorySegment.ofAddress(to),
                    count,
                    type == DType.F64 ? FLOAT64 : FLOAT32,
                    c.handle(),
                    MemorySegment.ofAddress(stream)));
        } catch (Throwable e) {
            throw thrown("ncclAllGather", e);
        }
    }

    /// Throws what went wrong since in a gathering that returned.
    void check(Communicator c) {
        try (Arena memory = Arena.ofConfined()) {
            MemorySegment status = memory.allocate(INT);
            check("ncclCommGetAsyncError", (int) commGetAsyncError.invokeExact(c.handle(), status));
            check("ncclAllGather", status.get(INT, 0));
        } catch (Throwable e) {
            throw thrown("ncclCommGetAsyncError", e);
        }
    }

    /// Ends a communicator whose gatherings are done.
    void destroy(Communicator c) {
        try {
            check("ncclCommDestroy", (int) commDestroy.invokeExact(c.handle()));
        } catch (Throwable e) {
            throw thrown("ncclCommDestroy", e);
        }
    }

    /// Ends a communicator whose gatherings may never be done; they end, too, with anything in their results.
    void abort(Communicator c) {
        try {
            check("ncclCommAbort", (int) commAbort.invokeExact(c.handle()));
        } catch (Throwable e) {
            throw thrown("ncclCommAbort", e);
        }
    }

    private void check(String call, int status) throws Throwable {
        if (status != 0) {
            String words = ((MemorySegment) getErrorString.invokeExact(status)).getString(0);
            throw new DeviceFailure(
                    call + " failed with status " + status + ": " + words + " (NCCL_DEBUG=INFO makes NCCL say more).");
        }
    }

    private static RuntimeException thrown(String call, Throwable e) {
        return switch (e) {
            case RuntimeException known -> known;
            case Error known -> throw known;
            default -> new DeviceFailure(call + " could not be called: " + e.getMessage() + ".", e);
        };
    }
}
