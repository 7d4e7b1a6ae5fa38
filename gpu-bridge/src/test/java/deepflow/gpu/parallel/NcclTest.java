package deepflow.gpu.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.parallel.RanksProvider;
import deepflow.tensor.DeviceFailure;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class NcclTest {
    @Test
    void itIsOfferedForGpus() {
        List<RanksProvider> found = ServiceLoader.load(RanksProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        assertEquals(List.of("cuda"), found.stream().map(RanksProvider::device).toList());
    }

    @Test
    void aMissingLibraryIsOneSentence() {
        var e = assertThrows(DeviceFailure.class, () -> Nccl.load("libnccl-that-is-not-there.so.2"));
        assertEquals(
                "Several GPUs need libnccl-that-is-not-there.so.2, which is not on this machine: install NVIDIA's NCCL 2"
                        + " for CUDA 13 (package libnccl2) and put its folder on LD_LIBRARY_PATH, or train on one GPU.",
                e.getMessage());
    }

    /// The C library is a library, but not NCCL.
    @Test
    void alienLibrariesAreRefused() {
        var e = assertThrows(DeviceFailure.class, () -> Nccl.load("libc.so.6"));
        assertTrue(e.getMessage().startsWith("libnccl.so.2 has no function ncclGetUniqueId"), e.getMessage());
    }
}
