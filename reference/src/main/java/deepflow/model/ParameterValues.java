package deepflow.model;

import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Where a model's parameters get their numbers: drawn ([Initialization], [RandomWeights]) or read ([StateDict]).
/// Numbers are made for one parameter at a time, so that a large model needs no second copy.
@FunctionalInterface
public interface ParameterValues {
    /// The numbers of one parameter, in row-major order; a new array.
    double[] of(ParameterSpec spec);

    /// All parameters on a back end, by name, in the order of declaration. Beside them, memory for the largest one
    /// is needed.
    ///
    /// @param specs what to make, as [deepflow.nn.Declarations#of] gives it
    default Map<String, Tensor> upload(Backend backend, List<ParameterSpec> specs) {
        Map<String, Tensor> byName = new LinkedHashMap<>();
        for (ParameterSpec spec : specs) {
            byName.put(spec.name(), backend.upload(of(spec), spec.shape()));
        }
        return byName;
    }
}
