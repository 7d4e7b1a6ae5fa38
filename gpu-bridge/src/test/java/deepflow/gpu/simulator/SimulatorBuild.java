package deepflow.gpu.simulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Compiles the simulator: one `libcudasim.so` with all functions, and for each of NVIDIA's library names a library
/// that
/// only needs it. A function of the presets that the simulator does not have becomes a weak stub that says so, because
/// a
/// missing symbol would end the JVM.
///
/// @param sources   `src/test/cpp`
/// @param directory where the libraries go, `target/cudasim`
/// @param id        hash of sources, compiler and flags: what is there already is current if it has the same
record SimulatorBuild(Path sources, Path directory, String id) {
    private static final List<String> PRESETS = List.of("cudart", "cublas", "cudnn", "nvrtc");
    private static final String COMPILER = "g++";

    static SimulatorBuild ofThisModule() {
        Path module = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        if (!Files.isDirectory(module.resolve("src/test/cpp"))) {
            module = module.resolve("gpu-bridge");
        }
        Path sources = module.resolve("src/test/cpp");
        if (!Files.isDirectory(sources)) {
            throw new IllegalStateException("The simulator's sources are not at " + sources
                    + ": run the tests in the project's folder or in gpu-bridge.");
        }
        return new SimulatorBuild(sources, module.resolve("target/cudasim"), identity(sources));
    }

    Path kernelCache() {
        return directory.resolve("kernels");
    }

    Path kernelHeader() {
        return sources.resolve("kernel/cudasim_kernel.h");
    }

    /// Builds what is missing. Processes that come at the same time wait for the first.
    void make() {
        try {
            Files.createDirectories(kernelCache());
            try (FileChannel channel = FileChannel.open(
                            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock _ = channel.lock()) {
                Path mark = directory.resolve("id");
                if (!Files.exists(mark) || !Files.readString(mark).equals(id)) {
                    build();
                    Files.writeString(mark, id);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void build() throws IOException {
        Path work = Files.createDirectories(directory.resolve("work"));
        List<String> objects = new ArrayList<>();
        List<List<String>> commands = new ArrayList<>();
        String common = hash(headers(), flags().toString(), version());
        for (Path source : files(sources, ".cpp")) {
            // An object file is named by all that went into it, so that a change compiles what it concerns.
            String name = sources.relativize(source).toString().replace('/', '_');
            Path object = work.resolve(name + "." + hash(List.of(source), common) + ".o");
            objects.add(object.toString());
            if (!Files.exists(object)) {
                List<String> command = new ArrayList<>(List.of(COMPILER));
                command.addAll(flags());
                command.add(source.endsWith("cublas/multiply.cpp") ? "-O3" : "-O2");
                command.addAll(List.of("-c", source.toString(), "-o", object.toString()));
                commands.add(command);
            }
        }
        Path stubs = work.resolve("stubs.cpp");
        Files.writeString(stubs, stubs(work));
        objects.add(work.resolve("stubs.o").toString());
        commands.add(List.of(COMPILER, "-O0", "-fPIC", "-w", "-c", stubs.toString(), "-o", objects.getLast()));
        commands.parallelStream().forEach(command -> run(work, command));

        List<String> link = new ArrayList<>(List.of(COMPILER, "-shared", "-Wl,-soname,libcudasim.so", "-o"));
        link.add(work.resolve("libcudasim.so").toString());
        link.addAll(objects);
        link.addAll(List.of("-ldl", "-lpthread"));
        run(work, link);
        for (String library : Simulator.LIBRARIES) {
            facade(work, library);
        }
        for (String library : Stream.concat(Stream.of("libcudasim.so"), Simulator.LIBRARIES.stream())
                .toList()) {
            Files.move(
                    work.resolve(library),
                    directory.resolve(library),
                    StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /// A library of NVIDIA's name and version node, without functions of its own.
    private static void facade(Path work, String library) throws IOException {
        Path script = work.resolve(library + ".map");
        Files.writeString(script, library + " { global: *; };\n");
        Path source = work.resolve("facade.cpp");
        Files.writeString(source, "");
        run(
                work,
                List.of(
                        COMPILER,
                        "-shared",
                        "-Wl,-soname," + library,
                        "-Wl,--version-script=" + script,
                        "-Wl,-rpath,$ORIGIN",
                        "-Wl,--no-as-needed",
                        "-o",
                        work.resolve(library).toString(),
                        source.toString(),
                        work.resolve("libcudasim.so").toString()));
    }

    /// One weak function for each that the JNI libraries want.
    private static String stubs(Path work) throws IOException {
        Map<String, Integer> wanted = new TreeMap<>();
        for (String preset : PRESETS) {
            String name = "libjni" + preset + ".so";
            Path library = work.resolve(name);
            try (InputStream jni =
                    SimulatorBuild.class.getResourceAsStream("/org/bytedeco/cuda/linux-x86_64/" + name)) {
                if (jni == null) {
                    throw new IllegalStateException("The class path has no " + name
                            + ": the simulator runs on Linux x86-64 with the presets' linux-x86_64 jar.");
                }
                Files.copy(jni, library, StandardCopyOption.REPLACE_EXISTING);
            }
            for (String line : run(work, List.of("nm", "-D", "--undefined-only", library.toString()))
                    .lines()
                    .toList()) {
                String symbol = line.substring(line.lastIndexOf(' ') + 1);
                int version = symbol.indexOf('@');
                String function = version < 0 ? symbol : symbol.substring(0, version);
                if (function.startsWith("cu") || function.startsWith("nvrtc")) {
                    wanted.put(function, libraryOf(function));
                }
            }
        }
        StringBuilder text = new StringBuilder("extern \"C\" int cudasim_unsupported(const char*, int);\n");
        wanted.forEach((function, library) -> text.append("extern \"C\" __attribute__((weak)) long ")
                .append(function)
                .append("() { return cudasim_unsupported(\"")
                .append(function)
                .append("\", ")
                .append(library)
                .append("); }\n"));
        return text.toString();
    }

    /// The number of sim::Library.
    private static int libraryOf(String function) {
        if (function.startsWith("cudnn")) {
            return 4;
        } else if (function.startsWith("cublas")) {
            return 3;
        } else if (function.startsWith("nvrtc")) {
            return 2;
        }
        return function.startsWith("cuda") ? 0 : 1;
    }

    private static List<String> flags() {
        List<String> flags = new ArrayList<>(
                List.of("-std=c++17", "-fPIC", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-fno-gnu-unique"));
        if (fastProcessor()) {
            flags.add("-march=x86-64-v3");
        }
        return flags;
    }

    /// Whether the processor has what x86-64-v3 asks for. The products' bits do not depend on it.
    private static boolean fastProcessor() {
        try {
            String flags = Files.readString(Path.of("/proc/cpuinfo"))
                    .lines()
                    .filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .orElse("");
            List<String> words = List.of(flags.split("\\s+"));
            return words.containsAll(List.of("avx2", "fma", "bmi1", "bmi2", "f16c", "movbe", "abm"));
        } catch (IOException e) {
            return false;
        }
    }

    private List<Path> headers() throws IOException {
        return files(sources, ".h").stream()
                .filter(file -> !file.equals(kernelHeader()))
                .toList();
    }

    private static String identity(Path sources) {
        try {
            List<Path> all = new ArrayList<>(files(sources, ".cpp"));
            all.addAll(files(sources, ".h"));
            return hash(all, flags().toString(), version());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String version() {
        return run(Path.of("."), List.of(COMPILER, "--version"));
    }

    private static String hash(List<Path> files, String... more) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path file : files) {
                digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
                digest.update(Files.readAllBytes(file));
            }
            for (String text : more) {
                digest.update(text.getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Path> files(Path sources, String suffix) throws IOException {
        try (Stream<Path> all = Files.walk(sources)) {
            return all.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
        }
    }

    /// What the command printed; an exit status other than 0 is an error that shows it.
    private static String run(Path directory, List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                throw new IllegalStateException(
                        "The CUDA simulator cannot be built: " + String.join(" ", command) + " failed:\n" + output);
            }
            return output;
        } catch (IOException e) {
            throw new IllegalStateException(
                    "The tests of gpu-bridge run on a CUDA simulator built with g++, and " + command.getFirst()
                            + " was not found: install it (Debian and Ubuntu: apt-get install g++).",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while building the CUDA simulator", e);
        }
    }
}
