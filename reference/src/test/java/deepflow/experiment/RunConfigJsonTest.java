package deepflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.equation.FlowPath;
import deepflow.io.FormatException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunConfigJsonTest {
    private static RunConfig parse(String json) {
        return RunConfigJson.parse(Fields.object(json));
    }

    @Test
    void whatIsWrittenIsReadBack() {
        RunConfig c = parse("{\"config\": \"tiny-3t\", \"model\": {\"cross_space\": false}, \"path\": \"cosine\","
                + " \"alpha\": 0.5, \"betas\": [0.1, 0.2, 1], \"precision\": \"f64\", \"seed\": -3}");
        assertEquals(c, RunConfigJson.parse(RunConfigJson.write(c)));
        assertEquals(FlowPath.COSINE, c.objective().path());
        assertFalse(c.model().parts().crossSpace());
        assertEquals(40, c.model().width());
        assertEquals(
                RunConfigJson.write(c).toString(),
                RunConfigJson.write(RunConfigJson.parse(RunConfigJson.write(c))).toString());
    }

    @Test
    void differencesAreNamed() {
        assertEquals(List.of(), RunConfigJson.differences(parse("{}"), parse("{\"config\": \"digits\"}")));
        assertEquals(
                List.of("lr", "model", "seed"),
                RunConfigJson.differences(parse("{}"), parse("{\"config\": \"digits-s\", \"lr\": 1, \"seed\": 2}")));
    }

    @Test
    void aKeyLayerListDoesNotOutliveItsDepth() {
        assertEquals(List.of(2), parse("{\"model\": {\"depth\": 4}}").model().keys());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"lrr\": 1} | there is no key lrr in the run's configuration; known are accumulate, alpha,",
                "{\"lr\": \"x\"} | lr must be a number, got \"x\"",
                "{\"lr\": -1} | optimizer lr is out of range",
                "{\"batch\": 1.5} | batch must be a whole number",
                "{\"batch\": 0} | batch must be from 1",
                "{\"batch\": 10, \"accumulate\": 3} | a batch of 10 cannot be computed in 3 equal parts",
                "{\"path\": \"straight\"} | path must be linear or cosine, got \"straight\"",
                "{\"alpha\": 2} | alpha must be from 0 to 1",
                "{\"betas\": [1]} | betas has 1 numbers for 2 branches",
                "{\"config\": \"digitz\"} | there is no configuration 'digitz'",
                "{\"model\": {\"k\": 5}} | depth 6 is not divisible by k = 5",
                "{\"model\": 3} | model must be an object",
                "{\"precision\": \"i32\"} | precision must be f32 or f64",
            })
    void errorsAreOneSentence(String json, String part) {
        FormatException e = assertThrows(FormatException.class, () -> parse(json));
        assertTrue(e.getMessage().contains(part), e.getMessage());
        assertTrue(e.getMessage().endsWith("."), e.getMessage());
    }
}
