package deepflow.gpu.device;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;

/// The kernels of one GPU in one element type: compiled and loaded when first asked for.
public final class Kernels implements AutoCloseable {
    private final Device device;
    private final KernelCache cache;
    private final List<String> options;
    private final Launch launch;
    private final Map<String, CUmod_st> modules = new HashMap<>();
    private final Map<String, CUfunc_st> functions = new HashMap<>();

    /// @param wide whether `real` is float64 (true) or float32
    public Kernels(Device device, KernelCache cache, boolean wide) {
        this.device = device;
        this.cache = cache;
        this.options = Compiler.options(device.architecture(), wide ? "double" : "float");
        this.launch = new Launch(device, wide);
    }

    /// Begins a launch; one at a time.
    ///
    /// @param file the source's name without its ending
    /// @param name the kernel's
    public Launch launch(String file, String name) {
        CUfunc_st function = functions.get(name);
        if (function == null) {
            function = function(file, name);
            functions.put(name, function);
        }
        return launch.begin(function, name);
    }

    private CUfunc_st function(String file, String name) {
        device.select();
        CUmod_st module = modules.get(file);
        if (module == null) {
            module = load(file);
            modules.put(file, module);
        }
        CUfunc_st function = new CUfunc_st();
        Status.driver("cuModuleGetFunction of " + name, cudart.cuModuleGetFunction(function, module, name));
        return function;
    }

    private CUmod_st load(String file) {
        KernelSource source = KernelSource.of(file);
        byte[] binary = cache.of(source, options, Compiler.version(), () -> Compiler.compile(source, options));
        CUmod_st module = new CUmod_st();
        try (BytePointer image = new BytePointer(binary)) {
            Status.driver("cuModuleLoadData of " + file + ".cu", cudart.cuModuleLoadData(module, image));
        }
        return module;
    }

    @Override
    public void close() {
        device.select();
        for (CUmod_st module : modules.values()) {
            cudart.cuModuleUnload(module);
        }
        modules.clear();
        functions.clear();
        launch.close();
    }
}
