package deepflow.gpu.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibrariesTest {
    /// What the loader says is buried in causes; the sentence names the library, and what brings it.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "libcuda.so.1 | it comes with NVIDIA's driver; on a machine with an NVIDIA GPU, install driver 580 or newer",
                "libcudnn_ops.so.9 | install cuDNN 9 for CUDA 13 and put its folder on LD_LIBRARY_PATH",
                "libcublas.so.13 | install the CUDA 13 toolkit's libraries and put their folder on LD_LIBRARY_PATH"
            })
    void aMissingLibraryIsNamed(String library, String remedy) {
        LinkageError e = new NoClassDefFoundError("Could not initialize class");
        e.initCause(new UnsatisfiedLinkError(
                "/x/libjnicudart.so: " + library + ": cannot open shared object file: No such file or directory"));
        assertEquals(
                "Device cuda needs " + library + ", which is not on this machine: " + remedy
                        + ", or compute on the CPU with --device cpu.",
                Libraries.sentence(e));
    }
}
