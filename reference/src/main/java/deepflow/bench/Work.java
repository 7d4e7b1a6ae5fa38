package deepflow.bench;

import deepflow.cost.Cost;
import deepflow.cost.MetaBackend;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import java.util.Map;
import java.util.function.Function;

/// Something to be timed.
///
/// @param what its name
/// @param step whether it is a whole step of a model
/// @param sizes its extents, by name
/// @param prepared makes the inputs, and returns what is to be run again and again
public record Work(String what, boolean step, Map<String, Integer> sizes, Function<Inputs, Runnable> prepared) {
    /// A single operation.
    static Work operation(String what, Map<String, Integer> sizes, Function<Inputs, Runnable> prepared) {
        return new Work(what, false, sizes, prepared);
    }

    /// Ready to run on a back end.
    Runnable on(Backend b) {
        return prepared.apply(new Inputs(b, true));
    }

    /// What running it once costs.
    Cost cost(DType dtype) {
        MetaBackend b = new MetaBackend(dtype);
        Runnable once = prepared.apply(new Inputs(b, false));
        Cost before = b.cost();
        once.run();
        Cost after = b.cost();
        return new Cost(after.multiplyAdds() - before.multiplyAdds(), after.traffic() - before.traffic(), after.peak());
    }
}
