package deepflow.gpu.device;

import deepflow.tensor.DeviceFailure;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/// One GPU, opened: a stream on which all of its work runs in the order of the calls, and the handles of cuBLAS
/// and cuDNN on that stream.
///
/// One stream is a decision: work on it never races with other work of the same back end, so that memory may be
/// reused at once ([DeviceMemory]), and the order of additions is the order of the program.
public final class Device implements AutoCloseable {
    /// What cuBLAS may use for itself. It is given once and never changes, since cuBLAS chooses by it: a
    /// workspace of its own choice could differ from run to run. NVIDIA recommends 32 MiB on Hopper and 4 MiB
    /// before.
    private static final long WORKSPACE = 32L << 20;

    private final int index;
    private final String name;
    private final String architecture;
    private final int multiprocessors;
    private final CUstream_st stream = new CUstream_st();
    private final cublasContext blas = new cublasContext();
    private final cudnnContext dnn = new cudnnContext();
    private final Pointer workspace = new Pointer();
    private boolean closed;

    /// Opens a GPU for work.
    ///
    /// @param index counted from 0, among those that CUDA_VISIBLE_DEVICES leaves
    /// @throws DeviceFailure if there is no such GPU, or a library refuses
    public Device(int index) {
        int count = count();
        if (index < 0 || index >= count) {
            throw new DeviceFailure("There is no GPU " + index + ": CUDA sees "
                    + (count == 0 ? "none" : count == 1 ? "one, number 0" : count + ", numbers 0 to " + (count - 1))
                    + ".");
        }
        this.index = index;
        select();
        this.name = name(index);
        this.architecture = "sm_" + attribute(cudart.cudaDevAttrComputeCapabilityMajor, index)
                + attribute(cudart.cudaDevAttrComputeCapabilityMinor, index);
        this.multiprocessors = attribute(cudart.cudaDevAttrMultiProcessorCount, index);
        try {
            open();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void open() {
        Status.cuda(
                "cudaStreamCreateWithFlags", cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking));
        Status.cublas("cublasCreate", cublas.cublasCreate_v2(blas));
        Status.cublas("cublasSetStream", cublas.cublasSetStream_v2(blas, stream));
        Status.cublas("cublasSetPointerMode", cublas.cublasSetPointerMode_v2(blas, cublas.CUBLAS_POINTER_MODE_HOST));
        Status.cuda("cudaMalloc", cudart.cudaMalloc(workspace, WORKSPACE));
        Status.cublas("cublasSetWorkspace", cublas.cublasSetWorkspace_v2(blas, workspace, WORKSPACE));
        Status.cudnn("cudnnCreate", cudnn.cudnnCreate(dnn));
        Status.cudnn("cudnnSetStream", cudnn.cudnnSetStream(dnn, stream));
    }

    /// How many GPUs CUDA sees; 0 where it sees none.
    ///
    /// @throws DeviceFailure if the driver does not answer, or is older than the library
    public static int count() {
        int[] count = new int[1];
        int status = cudart.cudaGetDeviceCount(count);
        if (status == cudart.cudaErrorNoDevice) {
            cudart.cudaGetLastError();
            return 0;
        }
        Status.cuda("cudaGetDeviceCount", status);
        return count[0];
    }

    /// What can be said about a GPU without opening it for work.
    ///
    /// @param name what NVIDIA calls it
    /// @param memory bytes it has
    /// @param properties what else there is to know, for people
    public record Facts(String name, long memory, Map<String, String> properties) {}

    /// Looks at a GPU.
    ///
    /// @param index from 0, less than [#count]
    public static Facts facts(int index) {
        Status.cuda("cudaSetDevice", cudart.cudaSetDevice(index));
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(
                "compute capability",
                attribute(cudart.cudaDevAttrComputeCapabilityMajor, index) + "."
                        + attribute(cudart.cudaDevAttrComputeCapabilityMinor, index));
        properties.put("multiprocessors", Integer.toString(attribute(cudart.cudaDevAttrMultiProcessorCount, index)));
        int[] version = new int[1];
        Status.cuda("cudaDriverGetVersion", cudart.cudaDriverGetVersion(version));
        properties.put("driver supports CUDA", version(version[0]));
        Status.cuda("cudaRuntimeGetVersion", cudart.cudaRuntimeGetVersion(version));
        properties.put("CUDA runtime", version(version[0]));
        long dnn = cudnn.cudnnGetVersion();
        properties.put("cuDNN", dnn / 10000 + "." + dnn / 100 % 100 + "." + dnn % 100);
        return new Facts(name(index), memory(), properties);
    }

    /// 13010 → 13.1
    private static String version(int number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    private static long memory() {
        try (SizeTPointer free = new SizeTPointer(1);
                SizeTPointer all = new SizeTPointer(1)) {
            Status.cuda("cudaMemGetInfo", cudart.cudaMemGetInfo(free, all));
            return all.get();
        }
    }

    private static String name(int index) {
        try (cudaDeviceProp properties = new cudaDeviceProp()) {
            Status.cuda("cudaGetDeviceProperties", cudart.cudaGetDeviceProperties(properties, index));
            return properties.name().getString();
        }
    }

    private static int attribute(int which, int index) {
        int[] value = new int[1];
        Status.cuda("cudaDeviceGetAttribute", cudart.cudaDeviceGetAttribute(value, which, index));
        return value[0];
    }

    /// Makes this GPU the calling thread's: CUDA keeps the choice by thread, and several back ends may share
    /// one.
    public void select() {
        Status.cuda("cudaSetDevice", cudart.cudaSetDevice(index));
    }

    /// Waits until all work given so far is done; a kernel that failed is reported here.
    public void synchronize() {
        Status.cuda("cudaStreamSynchronize", cudart.cudaStreamSynchronize(stream));
    }

    /// The number that opened it.
    public int index() {
        return index;
    }

    /// What NVIDIA calls it: `NVIDIA H100 80GB HBM3`.
    public String name() {
        return name;
    }

    /// As NVRTC takes it: `sm_90`.
    public String architecture() {
        return architecture;
    }

    /// Bytes of memory it has.
    public long memoryInAll() {
        select();
        return memory();
    }

    /// Its multiprocessors: how many blocks run at least side by side.
    public int multiprocessors() {
        return multiprocessors;
    }

    /// The stream of all work.
    public CUstream_st stream() {
        return stream;
    }

    /// The handle of cuBLAS.
    public cublasContext blas() {
        return blas;
    }

    /// The handle of cuDNN.
    public cudnnContext dnn() {
        return dnn;
    }

    /// Waits for what runs and gives handles and stream back. What cannot be given back after a failure stays
    /// with the process.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        cudart.cudaSetDevice(index);
        if (!stream.isNull()) {
            cudart.cudaStreamSynchronize(stream);
        }
        if (!dnn.isNull()) {
            cudnn.cudnnDestroy(dnn);
        }
        if (!blas.isNull()) {
            cublas.cublasDestroy_v2(blas);
        }
        if (!workspace.isNull()) {
            cudart.cudaFree(workspace);
        }
        if (!stream.isNull()) {
            cudart.cudaStreamDestroy(stream);
        }
    }
}
