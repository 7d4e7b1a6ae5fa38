package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.report.DevicesReport;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.BackendProvider;
import deepflow.tensor.Backends;
import deepflow.tensor.DeviceFailure;
import deepflow.tensor.DeviceId;
import deepflow.tensor.DeviceInfo;
import deepflow.tensor.ProductPrecision;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `deepflow devices`, and `--device` of the commands that compute. This module has no back end but the CPU's.
class DevicesCommandTest {
    private static final String NO_BRIDGE =
            "deepflow: Module gpu-bridge, which computes on NVIDIA GPUs, is not on the class path.\n";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path folder;

    private int run(String... arguments) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    }

    @Test
    void theCpuIsListedAndTheMissingGpuIsOneSentence() {
        assertEquals(ExitCode.UNUSABLE, run("devices"));
        assertTrue(out.toString().startsWith("cpu     "), out.toString());
        assertEquals(1, out.toString().lines().count());
        assertEquals(NO_BRIDGE, err.toString());
    }

    @Test
    void machinesReadJson() {
        assertEquals(ExitCode.UNUSABLE, run("devices", "--json"));
        assertTrue(out.toString().startsWith("{\"devices\":[{\"device\":\"cpu\","), out.toString());
        assertTrue(out.toString().contains("\"matmul_precisions\":[\"full\"]"), out.toString());
        assertTrue(out.toString().contains("\"missing\":{\"cuda\":\"Module gpu-bridge"), out.toString());
    }

    private record Gpus(int count) implements BackendProvider {
        @Override
        public String device() {
            return "cuda";
        }

        @Override
        public List<DeviceInfo> devices() {
            if (count == 0) {
                throw new DeviceFailure("There is no driver: install one.");
            }
            Set<ProductPrecision> all = EnumSet.allOf(ProductPrecision.class);
            Map<String, String> properties = Map.of("compute capability", "9.0");
            return List.of(
                    new DeviceInfo(new DeviceId("cuda", 0), "One", 3L << 30, all, properties),
                    new DeviceInfo(
                            new DeviceId("cuda", 1), "Other", 1L << 29, Set.of(ProductPrecision.FULL), Map.of()));
        }

        @Override
        public Backend open(int index, BackendOptions options) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void gpusAreListedWithWhatTheyCanDo() {
        DevicesReport report = DevicesCommand.report(List.of(new Gpus(2)));
        assertEquals(
                List.of(
                        "cuda:0  One, 3.0 GiB, products in full tf32 bf16 fp16, compute capability 9.0",
                        "cuda:1  Other, 0.5 GiB, products in full"),
                report.lines());
        assertEquals(Map.of(), report.missing());
        assertEquals(
                Map.of("cuda", "There is no driver: install one."),
                DevicesCommand.report(List.of(new Gpus(0))).missing());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train --data moons --steps 1 --batch 2 --no-pictures --out OUT",
                "golden --config tiny-2t --seed 1 --out OUT",
                "bench --what add --steps 1",
                "check OUT",
                "verify --vectors ../testdata/equations"
            })
    void aDeviceThatIsNotThereIsOneSentence(String command) {
        String[] words = (command.replace("OUT", folder.resolve("out").toString()) + " --device cuda:1").split(" ");
        assertEquals(ExitCode.UNUSABLE, run(words));
        assertEquals(
                "deepflow: No module on the class path computes on device 'cuda'; there is: cpu.",
                err.toString().lines().reduce((first, last) -> last).orElseThrow());
        assertFalse(Files.exists(folder.resolve("out/config.json")));
    }

    @Test
    void whatIsNoDeviceIsSaid() {
        assertEquals(ExitCode.UNUSABLE, run("verify", "--device", "gpu!"));
        assertEquals(
                "deepflow: Invalid value for option '--device': a device is cpu, cuda or cuda:1, got 'gpu!' (see deepflow"
                        + " verify --help).\n",
                err.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train --data moons --steps 1 --batch 2 --no-pictures --out OUT",
                "golden --config tiny-2t --seed 1 --precision f32 --out OUT",
                "bench --what add --steps 1"
            })
    void theCpuMultipliesInFullPrecisionOnly(String command) {
        String file = folder.resolve("out").toString();
        String[] words = (command.replace("OUT", file) + " --matmul-precision bf16").split(" ");
        assertEquals(ExitCode.UNUSABLE, run(words));
        assertEquals(
                "deepflow: Device cpu multiplies in full precision only, not in bf16: choose full, or a GPU.\n",
                err.toString());
    }

    @Test
    void lowProductsInFloat64AreRefusedOnEveryDevice() {
        assertEquals(
                ExitCode.UNUSABLE,
                run("golden", "--config", "tiny-2t", "--seed", "1", "--out", "x", "--matmul-precision", "tf32"));
        assertEquals("deepflow: Products in tf32 belong to a computation in f32, not in f64.\n", err.toString());
    }

    @Test
    void theCpuIsADeviceLikeOthers() {
        assertEquals(0, Backends.all().getFirst().devices().getFirst().id().index());
        assertEquals(ExitCode.FINE, run("verify", "--device", "cpu:0", "--vectors", "../testdata/equations"));
    }
}
