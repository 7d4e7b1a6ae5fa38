package deepflow.gpu.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The simulator compiles kernels with g++; whether they are CUDA C++ for real GPUs, NVIDIA's own compiler
/// says.
class KernelSourcesTest {
    private static final Path SOURCES = Path.of("src", "main", "resources", "deepflow", "gpu");
    private static final List<String> FILES =
            List.of("casts", "layout", "optimizer", "pointwise", "rows", "sums", "tokens");

    @TempDir
    private Path folder;

    private static List<String> compiler() {
        List<Path> places = new ArrayList<>();
        String home = System.getenv("CUDA_HOME");
        if (home != null) {
            places.add(Path.of(home, "bin"));
        }
        Stream.of(System.getenv("PATH").split(":")).map(Path::of).forEach(places::add);
        places.add(Path.of("/usr", "local", "cuda", "bin"));
        return places.stream()
                .map(p -> p.resolve("nvcc"))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .limit(1)
                .toList();
    }

    @Test
    void everyKernelFileIsKnownHere() throws IOException {
        try (Stream<Path> files = Files.list(SOURCES)) {
            TreeSet<String> names = new TreeSet<>(files.map(f -> f.getFileName().toString())
                    .filter(n -> n.endsWith(".cu"))
                    .map(n -> n.replace(".cu", ""))
                    .toList());
            assertTrue(names.remove("common"));
            assertEquals(new TreeSet<>(FILES), names);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90", "sm_100"})
    void everyKernelCompilesForRealGpus(String architecture) throws IOException, InterruptedException {
        List<String> nvcc = compiler();
        assumeTrue(
                !nvcc.isEmpty(),
                "There is no nvcc here, so that no kernel was compiled for " + architecture
                        + ": install the CUDA 13 toolkit, or set CUDA_HOME.");
        for (String real : List.of("float", "double")) {
            // one compilation for all files: starting nvcc takes longer than compiling
            StringBuilder all =
                    new StringBuilder(KernelSource.of(FILES.getFirst()).text());
            for (String file : FILES.subList(1, FILES.size())) {
                all.append("#line 1 \"").append(file).append(".cu\"\n");
                all.append(Files.readString(SOURCES.resolve(file + ".cu")));
            }
            Path source = Files.writeString(folder.resolve("kernels.cu"), all);
            List<String> command = new ArrayList<>(nvcc);
            command.addAll(Compiler.options(architecture, real));
            command.addAll(List.of(
                    "-Werror=all-warnings",
                    "--cubin",
                    "-o",
                    folder.resolve("out").toString()));
            command.add(source.toString());
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String words = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), String.join(" ", command) + "\n" + words);
            assertTrue(Files.size(folder.resolve("out")) > 1000);
        }
    }
}
