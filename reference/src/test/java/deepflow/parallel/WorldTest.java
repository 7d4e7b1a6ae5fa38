package deepflow.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorldTest {
    private static final Map<String, String> FULL =
            Map.of("RANK", "1", "WORLD_SIZE", "4", "LOCAL_RANK", "1", "MASTER_ADDR", "node0", "MASTER_PORT", "1234");

    private static Map<String, String> with(String name, String value) {
        Map<String, String> changed = new HashMap<>(FULL);
        changed.put(name, value);
        return changed;
    }

    @Test
    void withoutAWorldThereIsOneProcess() {
        assertEquals(World.ALONE, World.of(Map.of()));
        assertEquals(World.ALONE, World.of(Map.of("WORLD_SIZE", "1", "RANK", "0")));
        assertTrue(World.ALONE.alone());
    }

    @Test
    void theUsualVariablesAreRead() {
        assertEquals(new World(1, 4, "node0", 1234), World.of(FULL));
        Map<String, String> noPort = new HashMap<>(FULL);
        noPort.remove("MASTER_PORT");
        assertEquals(29500, World.of(noPort).port());
    }

    /// torchrun's own store listens at MASTER_PORT.
    @Test
    void torchrunsPortIsLeftToIt() {
        assertEquals(
                1235, World.of(with("TORCHELASTIC_USE_AGENT_STORE", "True")).port());
        assertEquals(
                1234, World.of(with("TORCHELASTIC_USE_AGENT_STORE", "False")).port());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RANK|4|RANK is 4, but there are only 4 ranks (WORLD_SIZE): it is from 0 to 3.",
                "RANK|-1|The environment's RANK is '-1'; it must be a whole number from 0 to 65536.",
                "WORLD_SIZE|two|The environment's WORLD_SIZE is 'two'; it must be a whole number from 1 to 65536.",
                "WORLD_SIZE|0|The environment's WORLD_SIZE is '0'; it must be a whole number from 1 to 65536.",
                "MASTER_PORT|65535|The environment's MASTER_PORT is '65535'; it must be a whole number from 1 to 65534."
            })
    void contradictionsAreSaid(String name, String value, String sentence) {
        var e = assertThrows(RanksFailure.class, () -> World.of(with(name, value)));
        assertEquals(sentence, e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"RANK", "MASTER_ADDR"})
    void whatIsMissingIsNamed(String name) {
        Map<String, String> less = new HashMap<>(FULL);
        less.remove(name);
        var e = assertThrows(RanksFailure.class, () -> World.of(less));
        assertTrue(e.getMessage().contains("but " + name + " is not set"), e.getMessage());
    }
}
