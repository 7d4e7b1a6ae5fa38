package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.*;
import static org.bytedeco.cuda.global.cudnn.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Devices, contexts and what the simulator does not have.
class DeviceTest {
    private Cuda cuda;

    @BeforeEach
    void fresh() {
        cuda = new Cuda();
    }

    @Test
    void propertiesHaveTheJniLibrarysLayout() {
        cudaDeviceProp properties = new cudaDeviceProp();
        cuda.ok(cudaGetDeviceProperties(properties, 1));
        assertTrue(
                properties.name().getString().startsWith("CUDA simulator 1"),
                properties.name().getString());
        assertEquals(1L << 30, properties.totalGlobalMem());
        assertEquals(32, properties.warpSize());
        assertEquals(1024, properties.maxThreadsPerBlock());
        assertEquals(64, properties.maxThreadsDim(2));
        assertEquals(65535, properties.maxGridSize(2));
        assertEquals(9, properties.major());
        assertEquals(0, properties.minor());
        assertEquals(4, properties.multiProcessorCount());
        int[] value = new int[1];
        cuda.ok(cudaDeviceGetAttribute(value, cudaDevAttrMultiProcessorCount, 0));
        assertEquals(4, value[0]);
        cuda.refused(1, cudaDeviceGetAttribute(value, 500, 0), "no device attribute 500");
    }

    @Test
    void thereMayBeNoDevice() {
        cuda.simulator.devices(0);
        int[] count = {7};
        cuda.refused(cudaErrorNoDevice, cudaGetDeviceCount(count), "no device");
        assertEquals(0, count[0]);
        cuda.refused(cudaErrorNoDevice, cudaSetDevice(0));
        assertEquals(
                "no CUDA-capable device is detected",
                cudaGetErrorString(cudaErrorNoDevice).getString());
        assertEquals(100, cuInit(0));
        PointerPointer<?> name = new PointerPointer<>(1);
        cuda.ok(cuGetErrorName(100, name));
        assertEquals("CUDA_ERROR_NO_DEVICE", new org.bytedeco.javacpp.BytePointer(name.get(0)).getString());
    }

    @Test
    void devicesOutOfRangeAreRefused() {
        cuda.refused(cudaErrorInvalidDevice, cudaSetDevice(2), "device 2 of 2");
        cuda.refused(cudaErrorInvalidDevice, cudaSetDevice(-1));
    }

    @Test
    void eachThreadHasItsOwnDeviceAndNeedsAContext() {
        cuda.ok(cudaSetDevice(1));
        CUmod_st module = new CUmod_st();
        CompletableFuture.runAsync(() -> {
                    CUctx_st context = new CUctx_st();
                    cuda.ok(cuCtxGetCurrent(context));
                    assertTrue(context.isNull());
                    cuda.refused(201, cuModuleLoadData(module, new FloatPointer(4)), "no context is current");
                    int[] device = new int[1];
                    cuda.ok(cudaGetDevice(device));
                    assertEquals(0, device[0]);
                })
                .join();
        int[] device = new int[1];
        cuda.ok(cudaGetDevice(device));
        assertEquals(1, device[0]);
    }

    @Test
    void modulesAndHandlesBelongToTheirDevice() {
        var kernel = cuda.kernel("extern \"C\" __global__ void none() {}", "none");
        cublasContext handle = cuda.cublas();
        cuda.ok(cuda.launch(kernel, 1, 1));
        cuda.ok(cudaSetDevice(1));
        cuda.refused(400, cuda.launch(kernel, 1, 1), "loaded on device 0, the current device is 1");
        cuda.refused(7, cublasSetMathMode(handle, 0), "belongs to device 0");
    }

    @Test
    void aSpoiledDeviceLeavesTheOtherAlone() {
        var trap = cuda.kernel("extern \"C\" __global__ void trap() { __trap(); }", "trap");
        cuda.ok(cuda.launch(trap, 1, 1));
        cuda.refused(cudaErrorLaunchFailure, cudaDeviceSynchronize(), "__trap()");
        cuda.refused(CUBLAS_STATUS_EXECUTION_FAILED, cublasCreate_v2(new cublasContext()), "stays unusable");
        cuda.ok(cudaSetDevice(1));
        cuda.ok(cudaDeviceSynchronize());
        cuda.cublas();
    }

    @Test
    void whatIsNotThereSaysSo() {
        cuda.refused(cudaErrorNotSupported, cudaDeviceReset(), "cudaDeviceReset", "does not have this function");
        cuda.refused(801, cuCtxSynchronize(), "cuCtxSynchronize");
        cuda.refused(
                CUBLAS_STATUS_NOT_SUPPORTED,
                cublasSgemm_v2(
                        cuda.cublas(),
                        0,
                        0,
                        1,
                        1,
                        1,
                        new FloatPointer(1),
                        new FloatPointer(1),
                        1,
                        new FloatPointer(1),
                        1,
                        new FloatPointer(1),
                        new FloatPointer(1),
                        1),
                "cublasSgemm_v2");
        cuda.refused(CUDNN_STATUS_NOT_SUPPORTED, cudnnOpsVersionCheck(), "cudnnOpsVersionCheck");
        assertEquals("CUBLAS_STATUS_NOT_SUPPORTED", cublasGetStatusName(15).getString());
        assertThrows(IllegalArgumentException.class, () -> cuda.simulator.devices(-5));
    }

    @Test
    void versionsAreThePresets() {
        int[] version = new int[1];
        cuda.ok(cudaRuntimeGetVersion(version));
        assertEquals(CUDART_VERSION, version[0]);
        assertEquals(CUDNN_VERSION, cudnnGetVersion());
        IntPointer major = new IntPointer(1);
        IntPointer minor = new IntPointer(1);
        cuda.ok(org.bytedeco.cuda.global.nvrtc.nvrtcVersion(major, minor));
        assertEquals(CUDART_VERSION, 1000 * major.get() + 10 * minor.get());
    }
}
