package deepflow.sample;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.FormatException;
import deepflow.model.Configs;
import deepflow.model.DeepFlow;
import deepflow.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluationCostTest {
    private final DeepFlow model = new DeepFlow(Configs.resolve("digits"));

    @Test
    void whatFitsIsFine() {
        EvaluationCost.require(model, 1, DType.F64);
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 20, 1 << 24})
    void whatCannotFitIsASentence(int samples) {
        FormatException e =
                assertThrows(FormatException.class, () -> EvaluationCost.require(model, samples, DType.F64));
        assertTrue(e.getMessage().contains("The model with a batch of " + samples + " needs about"), e.getMessage());
    }
}
