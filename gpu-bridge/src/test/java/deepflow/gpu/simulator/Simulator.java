package deepflow.gpu.simulator;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// The simulated CUDA, loaded into this JVM.
///
/// There is one state per process, as with a driver: tests that use it must not run at the same time, and begin with
/// [#reset]. Options outlive a reset.
public final class Simulator {
    /// In the order in which their dependants need them.
    static final List<String> LIBRARIES = List.of(
            "libcuda.so.1",
            "libcudart.so.13",
            "libcublasLt.so.13",
            "libcublas.so.13",
            "libcudnn_graph.so.9",
            "libcudnn_ops.so.9",
            "libcudnn_adv.so.9",
            "libcudnn_cnn.so.9",
            "libnvrtc.so.13",
            "libnccl.so.2");

    private final Path directory;
    private final MethodHandle option;
    private final MethodHandle reason;
    private final MethodHandle journal;
    private final MethodHandle leaks;
    private final MethodHandle inject;
    private final MethodHandle calls;
    private final MethodHandle reset;

    private Simulator(Path directory) {
        this.directory = directory;
        SymbolLookup symbols = SymbolLookup.libraryLookup(directory.resolve("libcudasim.so"), Arena.global());
        FunctionDescriptor text =
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
        option = bind(
                symbols,
                "cudasim_option",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        reason = bind(symbols, "cudasim_last_reason", text);
        journal = bind(symbols, "cudasim_journal", text);
        leaks = bind(symbols, "cudasim_leaks", text);
        inject = bind(
                symbols,
                "cudasim_inject",
                FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
        calls = bind(symbols, "cudasim_calls", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
        reset = bind(symbols, "cudasim_reset", FunctionDescriptor.ofVoid());
    }

    /// Builds the libraries if they are missing or older than their sources, and loads them. Must come before any
    /// class of the presets is used; calling it again is cheap.
    ///
    /// @throws IllegalStateException if g++ is missing or refuses a source; the sentence says what to do
    public static Simulator install() {
        SimulatorBuild build = SimulatorBuild.ofThisModule();
        build.make();
        Path directory = build.directory();
        setIfAbsent("org.bytedeco.javacpp.platform.linkpath", directory);
        setIfAbsent("org.bytedeco.javacpp.cachedir", directory.resolveSibling("javacpp"));
        for (String library : LIBRARIES) {
            System.load(directory.resolve(library).toString());
        }
        Simulator simulator = new Simulator(directory);
        simulator.set("cache", build.kernelCache().toString());
        simulator.set("kernelHeader", build.kernelHeader().toString());
        simulator.set("build", build.id());
        return simulator;
    }

    private static void setIfAbsent(String property, Path value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value.toString());
        }
    }

    private static MethodHandle bind(SymbolLookup symbols, String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
    }

    /// Where the libraries lie: on `LD_LIBRARY_PATH` they also serve a process that knows nothing of this class.
    public Path directory() {
        return directory;
    }

    /// Number of devices, 2 unless set; 0 behaves like a driver without a device.
    public Simulator devices(int count) {
        return set("devices", Integer.toString(count));
    }

    /// Bytes of memory of each device, 2 GiB unless set.
    public Simulator memory(long bytes) {
        return set("memory", Long.toString(bytes));
    }

    /// Whether work waits until something synchronises (the default), or runs at once.
    public Simulator deferred(boolean yes) {
        return set("deferred", yes ? "1" : "0");
    }

    /// Seed of the order of streams, blocks and threads.
    public Simulator seed(long seed) {
        return set("seed", Long.toString(seed));
    }

    /// Whether every access of a kernel is looked at; not unless set, since it makes kernels many times slower. It
    /// counts for kernels that are compiled afterwards.
    public Simulator memcheck(boolean yes) {
        return set("memcheck", yes ? "1" : "0");
    }

    /// Compute capability times ten, 90 unless set.
    public Simulator capability(int number) {
        return set("capability", Integer.toString(number));
    }

    private Simulator set(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            int status = (int) option.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value));
            if (status != 0) {
                throw new IllegalArgumentException("the simulator refuses " + name + " = " + value);
            }
            return this;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Forgets everything but the options, as a new process would: memory, streams, handles, errors, faults.
    public Simulator reset() {
        try {
            reset.invokeExact();
            return this;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Why the last refused call was refused: "function: sentence"; empty if none was.
    public String lastReason() {
        return text(reason);
    }

    /// What was seen since the last time somebody asked: refused calls ("error: …"), failures of queued work
    /// ("device: …"), and findings that no call reports ("race: …", "red zone: …", "uninitialised: …", "free: …").
    public List<String> journal() {
        return text(journal).lines().toList();
    }

    /// One line for each allocation, stream, event, module or handle that was made and not destroyed.
    public List<String> leaks() {
        return text(leaks).lines().toList();
    }

    /// Makes the `call`-th call of the function from now on (1 is the next) return `status`, in the numbers of the
    /// function's library, without doing anything.
    public void inject(String function, long call, int status) {
        try (Arena arena = Arena.ofConfined()) {
            inject.invokeExact(arena.allocateFrom(function), call, status);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// How often the function was called since the last reset, by its exported name ("cublasCreate_v2").
    public long calls(String function) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) calls.invokeExact(arena.allocateFrom(function));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static String text(MethodHandle function) {
        try (Arena arena = Arena.ofConfined()) {
            long bytes = (long) function.invokeExact(MemorySegment.NULL, 0L);
            if (bytes == 0) {
                return "";
            }
            MemorySegment buffer = arena.allocate(bytes);
            long written = Math.min(bytes, (long) function.invokeExact(buffer, bytes));
            return new String(buffer.asSlice(0, written).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
