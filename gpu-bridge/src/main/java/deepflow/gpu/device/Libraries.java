package deepflow.gpu.device;

import deepflow.tensor.DeviceFailure;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;

/// The native libraries: loaded when somebody asks for a GPU, and not before.
public final class Libraries {
    private static final Pattern MISSING = Pattern.compile("(lib[\\w+-]+\\.so[.\\d]*): cannot open shared object");

    private Libraries() {}

    /// Loads what a back end needs.
    ///
    /// @throws DeviceFailure if a library is missing; the sentence says which, and what brings it
    public static void load() {
        try {
            Loader.load(org.bytedeco.cuda.global.cudart.class);
            Loader.load(org.bytedeco.cuda.global.nvrtc.class);
            Loader.load(org.bytedeco.cuda.global.cublas.class);
            Loader.load(org.bytedeco.cuda.global.cudnn.class);
        } catch (LinkageError e) {
            throw new DeviceFailure(sentence(e), e);
        }
    }

    static String sentence(LinkageError failure) {
        String library = missing(failure);
        if (library == null) {
            return "NVIDIA's libraries cannot be loaded: " + lastWords(failure) + ".";
        }
        return "Device cuda needs " + library + ", which is not on this machine: " + remedy(library)
                + ", or compute on the CPU with --device cpu.";
    }

    private static @Nullable String missing(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            Matcher m = MISSING.matcher(String.valueOf(t.getMessage()));
            if (m.find()) {
                return m.group(1);
            }
        }
        return null;
    }

    private static String remedy(String library) {
        if (library.startsWith("libcuda.so")) {
            return "it comes with NVIDIA's driver; on a machine with an NVIDIA GPU, install driver 580 or newer";
        }
        if (library.startsWith("libcudnn")) {
            return "install cuDNN 9 for CUDA 13 and put its folder on LD_LIBRARY_PATH";
        }
        return "install the CUDA 13 toolkit's libraries and put their folder on LD_LIBRARY_PATH";
    }

    private static String lastWords(Throwable failure) {
        Throwable last = failure;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        String message = last.getMessage();
        return message == null
                ? last.getClass().getSimpleName()
                : message.strip().replaceAll("\\.$", "");
    }
}
