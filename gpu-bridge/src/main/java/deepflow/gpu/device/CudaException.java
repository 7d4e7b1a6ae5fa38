package deepflow.gpu.device;

import java.io.Serial;

/// A call of CUDA, cuBLAS, cuDNN or NVRTC that failed, in one sentence for people: the call's name, and what the
/// library said about it.
public final class CudaException extends IllegalStateException {
    @Serial
    private static final long serialVersionUID = 1;

    /// @param message one sentence
    public CudaException(String message) {
        super(message);
    }

    /// @param message one sentence
    /// @param cause what was behind it
    public CudaException(String message, Throwable cause) {
        super(message, cause);
    }
}
