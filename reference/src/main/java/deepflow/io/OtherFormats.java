package deepflow.io;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Files of another kind that people hand over, by their first bytes.
///
/// The bytes may be a safetensors length by chance (0x80 0x02 is a header of 640 bytes), so this only explains what has
/// failed already, or what has no JSON after its first 8 bytes.
final class OtherFormats {
    private static final String CONVERT =
            "; convert it in Python: from safetensors.torch import save_file; save_file(state_dict, \"x.safetensors\")";

    private OtherFormats() {}

    /// What the file is and what to do about it, or null.
    static @Nullable String recognise(ByteBuffer start) {
        if (begins(start, 'P', 'K', 3, 4) || begins(start, 'P', 'K', 5, 6)) {
            return "is a zip file, as PyTorch's .pt, .pth and .ckpt are, not safetensors" + CONVERT;
        }
        if (begins(start, 0x80) && start.limit() > 1 && start.get(1) >= 2 && start.get(1) <= 5) {
            return "is a Python pickle, as old .pt files are, not safetensors" + CONVERT;
        }
        if (begins(start, 0x93, 'N', 'U', 'M', 'P', 'Y')) {
            return "is a NumPy .npy file, not safetensors";
        }
        if (begins(start, 'G', 'G', 'U', 'F')) {
            return "is a GGUF file, not safetensors";
        }
        return null;
    }

    private static boolean begins(ByteBuffer start, int... magic) {
        if (start.limit() < magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if (start.get(i) != (byte) magic[i]) {
                return false;
            }
        }
        return true;
    }
}
