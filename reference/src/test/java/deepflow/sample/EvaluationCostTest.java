package deepflow.sample;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.cost.MetaBackend;
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
        EvaluationCost.require(new MetaBackend(DType.F64), model, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 20, 1 << 24})
    void whatCannotFitIsASentence(int samples) {
        FormatException e = assertThrows(
                FormatException.class, () -> EvaluationCost.require(new MetaBackend(DType.F64), model, samples));
        assertTrue(e.getMessage().contains("The model with a batch of " + samples + " needs about"), e.getMessage());
    }
}
