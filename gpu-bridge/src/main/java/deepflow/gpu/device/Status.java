package deepflow.gpu.device;

import deepflow.tensor.DeviceFailure;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/// Statuses of native calls: each method returns where the call succeeded, and throws a [DeviceFailure] with
/// the call's name and the library's own words where it did not.
public final class Status {
    private Status() {}

    /// Of the CUDA runtime. The error is taken off CUDA's record, so that the next call starts clean where that
    /// is possible at all.
    public static void cuda(String call, int status) {
        if (status != cudart.cudaSuccess) {
            cudart.cudaGetLastError();
            throw failed(call, text(cudart.cudaGetErrorName(status)), text(cudart.cudaGetErrorString(status)), status);
        }
    }

    /// Of the CUDA driver.
    public static void driver(String call, int status) {
        if (status != cudart.CUDA_SUCCESS) {
            try (PointerPointer<BytePointer> word = new PointerPointer<>(1)) {
                word.put(0, (BytePointer) null);
                cudart.cuGetErrorName(status, word);
                String name = text(word.get(BytePointer.class, 0));
                word.put(0, (BytePointer) null);
                cudart.cuGetErrorString(status, word);
                throw failed(call, name, text(word.get(BytePointer.class, 0)), status);
            }
        }
    }

    /// Of cuBLAS.
    public static void cublas(String call, int status) {
        if (status != cublas.CUBLAS_STATUS_SUCCESS) {
            throw failed(
                    call, text(cublas.cublasGetStatusName(status)), text(cublas.cublasGetStatusString(status)), status);
        }
    }

    /// Of cuDNN.
    public static void cudnn(String call, int status) {
        if (status != cudnn.CUDNN_STATUS_SUCCESS) {
            throw failed(call, null, text(cudnn.cudnnGetErrorString(status)), status);
        }
    }

    /// Of the run-time compiler.
    public static void nvrtc(String call, int status) {
        if (status != nvrtc.NVRTC_SUCCESS) {
            throw failed(call, null, text(nvrtc.nvrtcGetErrorString(status)), status);
        }
    }

    private static DeviceFailure failed(String call, @Nullable String name, @Nullable String words, int status) {
        StringBuilder s = new StringBuilder(call).append(" failed");
        if (name != null) {
            s.append(" with ").append(name);
        }
        s.append(": ").append(words == null || words.equals(name) ? "status " + status : words);
        return new DeviceFailure(s.append('.').toString());
    }

    private static @Nullable String text(@Nullable BytePointer words) {
        return words == null || words.isNull() ? null : words.getString();
    }
}
