package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// `deepflow layers` on a run that was just trained.
class LayersCommandTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    @BeforeEach
    void train() throws Exception {
        Path config = Files.writeString(
                folder.resolve("tiny.json"),
                "{\"size\": 1, \"patch\": 1, \"channels\": 2, \"classes\": 2, \"width\": 8, \"depth\": 3, \"heads\": 2,"
                        + " \"k\": 2, \"keys\": [2, 3], \"acc\": 8}");
        assertEquals(
                ExitCode.FINE,
                run(
                        "train",
                        "--config",
                        config.toString(),
                        "--data",
                        "moons",
                        "--batch",
                        "4",
                        "--threads",
                        "1",
                        "--no-pictures",
                        "--steps",
                        "3",
                        "--out",
                        path("run")),
                err.toString());
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
    }

    @Test
    void everyBlockHasADistanceAtEveryTimeAndTheLastOneNone() {
        assertEquals(
                ExitCode.FINE,
                run("layers", "--run", path("run"), "--times", "0,0.5", "--samples", "7", "--json"),
                err.toString());
        JsonNode lines = new ObjectMapper().readTree(out.toString());
        assertEquals(2, lines.size());
        assertEquals(0.5, lines.get(1).get("t").asDouble());
        for (JsonNode line : lines) {
            double[] d = line.get("distances")
                    .valueStream()
                    .mapToDouble(JsonNode::asDouble)
                    .toArray();
            assertEquals(3, d.length);
            assertTrue(d[0] > 0 && d[0] <= 4 && d[1] > 0 && d[1] <= 4, Arrays.toString(d));
            assertEquals(0, d[2]);
        }
    }

    @Test
    void theTableAndThePictureShowTheSame() throws Exception {
        assertEquals(
                ExitCode.FINE,
                run("layers", "--run", path("run"), "--samples", "5", "--plot", path("layers.png")),
                err.toString());
        String[] table = out.toString().lines().toArray(String[]::new);
        assertEquals("block   t = 0.1   t = 0.3   t = 0.5   t = 0.7   t = 0.9", table[0]);
        assertArrayEquals(
                new String[] {"1", "2", "3"},
                Arrays.stream(table).skip(1).map(l -> l.strip().split(" +")[0]).toArray());
        assertEquals(760, ImageIO.read(folder.resolve("layers.png").toFile()).getWidth());
    }

    @Test
    void whatCannotBeMeasuredIsRefusedInASentence() throws Exception {
        assertEquals(ExitCode.UNUSABLE, run("layers", "--run", path("nothing")));
        assertTrue(err.toString().contains("There is no run in"), err.toString());
        assertEquals(ExitCode.UNUSABLE, run("layers", "--run", path("run"), "--times", "1.5"));
        assertTrue(err.toString().contains("from 0 (data) to 1 (noise)"), err.toString());
        assertEquals(ExitCode.UNUSABLE, run("layers", "--run", path("run"), "--samples", "0"));
        assertTrue(err.toString().contains("--samples is from 1"), err.toString());
        Files.delete(folder.resolve("run/step-000003.safetensors"));
        assertEquals(ExitCode.UNUSABLE, run("layers", "--run", path("run")));
        assertTrue(err.toString().contains("There is no checkpoint"), err.toString());
    }
}
