package deepflow.gpu.device;

import deepflow.tensor.DeviceFailure;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.jspecify.annotations.Nullable;

/// NVRTC: from CUDA C++ to machine code for one architecture.
final class Compiler {
    private static final @Nullable PointerPointer<Pointer> NO_HEADERS = null;

    private Compiler() {}

    /// What every kernel is compiled with.
    ///
    /// @param architecture as in `sm_90`
    /// @param real the element type of the kernels, `float` or `double`
    static List<String> options(String architecture, String real) {
        // Products are not fused with sums unless a kernel says fma: a fused operation has the bits of its parts.
        return List.of("--gpu-architecture=" + architecture, "--std=c++17", "--fmad=false", "-DREAL=" + real);
    }

    /// `13.1`.
    static String version() {
        int[] major = new int[1];
        int[] minor = new int[1];
        Status.nvrtc("nvrtcVersion", nvrtc.nvrtcVersion(major, minor));
        return major[0] + "." + minor[0];
    }

    /// Compiles.
    ///
    /// @return a cubin
    /// @throws DeviceFailure with the compiler's messages if the source is wrong
    static byte[] compile(KernelSource source, List<String> options) {
        _nvrtcProgram program = new _nvrtcProgram();
        try (BytePointer text = new BytePointer(source.text(), StandardCharsets.UTF_8);
                BytePointer name = new BytePointer(source.name() + ".cu", StandardCharsets.UTF_8);
                PointerPointer<BytePointer> flags = new PointerPointer<>(options.toArray(new String[0]))) {
            Status.nvrtc(
                    "nvrtcCreateProgram", nvrtc.nvrtcCreateProgram(program, text, name, 0, NO_HEADERS, NO_HEADERS));
            int status = nvrtc.nvrtcCompileProgram(program, options.size(), flags);
            if (status == nvrtc.NVRTC_ERROR_COMPILATION) {
                throw new DeviceFailure("Kernel file " + source.name() + ".cu does not compile with "
                        + String.join(" ", options) + ": " + log(program));
            }
            Status.nvrtc("nvrtcCompileProgram", status);
            try (SizeTPointer size = new SizeTPointer(1)) {
                Status.nvrtc("nvrtcGetCUBINSize", nvrtc.nvrtcGetCUBINSize(program, size));
                byte[] binary = new byte[Math.toIntExact(size.get())];
                Status.nvrtc("nvrtcGetCUBIN", nvrtc.nvrtcGetCUBIN(program, binary));
                return binary;
            }
        } finally {
            if (!program.isNull()) {
                nvrtc.nvrtcDestroyProgram(program);
            }
        }
    }

    private static String log(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            Status.nvrtc("nvrtcGetProgramLogSize", nvrtc.nvrtcGetProgramLogSize(program, size));
            try (BytePointer log = new BytePointer(Math.max(1, size.get()))) {
                Status.nvrtc("nvrtcGetProgramLog", nvrtc.nvrtcGetProgramLog(program, log));
                return log.getString(StandardCharsets.UTF_8).strip();
            }
        }
    }
}
