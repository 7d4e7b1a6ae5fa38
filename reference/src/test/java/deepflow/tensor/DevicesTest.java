package deepflow.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {
    @Test
    void devicesAreWrittenAsPyTorchWritesThem() {
        assertEquals(DeviceId.CPU, DeviceId.parse("cpu"));
        assertEquals(DeviceId.CPU, DeviceId.parse("cpu:0"));
        assertEquals(new DeviceId("cuda", 0), DeviceId.parse("cuda"));
        assertEquals(new DeviceId("cuda", 12), DeviceId.parse("cuda:12"));
        for (String text : List.of("cpu", "cuda:0", "cuda:7", "cpu:1")) {
            assertEquals(text, DeviceId.parse(text).toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GPU", "cuda:", "cuda:-1", "cuda:x", "cuda:99999", " cuda", "cuda 1", "0", ":0"})
    void whatIsNoDeviceIsSaid(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> DeviceId.parse(text));
        assertEquals("a device is cpu, cuda or cuda:1, got '" + text + "'", e.getMessage());
    }

    @Test
    void theCpuIsListed() {
        List<DeviceInfo> found = Backends.all().getFirst().devices();
        assertEquals(List.of(DeviceId.CPU), found.stream().map(DeviceInfo::id).toList());
        assertTrue(found.getFirst().memory() > 0);
        assertEquals(Set.of(ProductPrecision.FULL), found.getFirst().products());
        assertEquals(
                List.of("processors", "vectors"),
                found.getFirst().properties().keySet().stream().toList());
    }

    @Test
    void aKindThatNoModuleOffersIsNamedWithThoseThatAreThere() {
        assertEquals(
                "No module on the class path computes on device 'tpu'; there is: cpu.",
                refusal(new DeviceId("tpu", 0), BackendOptions.of(DType.F32, 1)));
        assertEquals(
                "There is no device cpu:1: the CPU is one device, cpu.",
                refusal(new DeviceId("cpu", 1), BackendOptions.of(DType.F32, 1)));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FULL")
    void theCpuMultipliesInFullPrecisionOnly(ProductPrecision products) {
        assertEquals(
                "Device cpu multiplies in full precision only, not in " + products + ": choose full, or a GPU.",
                refusal(DeviceId.CPU, new BackendOptions(DType.F32, products, 1)));
    }

    private static String refusal(DeviceId device, BackendOptions options) {
        return assertThrows(DeviceFailure.class, () -> Backends.open(device, options))
                .getMessage();
    }

    @Test
    void optionsThatCannotBeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> BackendOptions.of(DType.I32, 1));
        assertThrows(IllegalArgumentException.class, () -> BackendOptions.of(DType.F64, 0));
        assertThrows(IllegalArgumentException.class, () -> new DeviceId("cuda", -1));
        assertThrows(IllegalArgumentException.class, () -> new DeviceId("cuda:1", 0));
    }

    /// The words of the command line and of the run's configuration.
    @Test
    void precisionsHaveTheirUsualNames() {
        assertEquals(
                List.of("full", "tf32", "bf16", "fp16"),
                Arrays.stream(ProductPrecision.values())
                        .map(ProductPrecision::toString)
                        .toList());
    }
}
