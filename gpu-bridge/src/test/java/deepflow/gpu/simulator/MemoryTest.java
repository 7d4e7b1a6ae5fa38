package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cudart.*;
import static org.bytedeco.cuda.global.nvrtc.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Allocations and copies: directions, bounds, use after free, red zones, limits, leaks.
class MemoryTest {
    private Cuda cuda;

    @BeforeEach
    void fresh() {
        cuda = new Cuda();
    }

    @Test
    void copiesGoWhereTheirDirectionSays() {
        FloatPointer device = cuda.upload(1, 2, 3);
        FloatPointer host = new FloatPointer(3);
        cuda.refused(
                1, cudaMemcpy(device, host, 12, cudaMemcpyDeviceToHost), "copy device to host", "target", "is device");
        cuda.refused(
                1, cudaMemcpy(host, device, 12, cudaMemcpyHostToDevice), "copy host to device", "target", "is host");
        cuda.refused(1, cudaMemcpy(device, host, 12, cudaMemcpyDeviceToDevice), "the source", "is host memory");
        cuda.refused(21, cudaMemcpy(device, host, 12, 9), "9 is no direction");
        cuda.ok(cudaMemcpy(host, device, 12, cudaMemcpyDefault));
        assertEquals(3, host.get(2));
        assertEquals(
                "cudaErrorInvalidMemcpyDirection",
                cudaGetErrorName(cudaGetLastError()).getString());
        assertEquals(0, cudaGetLastError());
    }

    @Test
    void boundsAreExact() {
        FloatPointer device = cuda.upload(1, 2, 3);
        FloatPointer host = new FloatPointer(4);
        cuda.refused(1, cudaMemcpy(device, host, 13, cudaMemcpyHostToDevice), "needs bytes 0 to 13", "12 bytes");
        cuda.refused(1, cudaMemcpy(Cuda.at(device, 1), host, 12, cudaMemcpyHostToDevice), "needs bytes 4 to 16");
        cuda.refused(1, cudaMemset(Cuda.at(device, -1), 0, 4), "needs bytes -4 to 0");
        FloatPointer pinned = cuda.pinned(2);
        cuda.refused(1, cudaMemcpy(pinned, device, 12, cudaMemcpyDeviceToHost), "12 bytes from byte 0 of pinned");
        cuda.refused(
                1,
                cudaMemcpy(Cuda.at(device, 1), device, 8, cudaMemcpyDeviceToDevice),
                "the target overlaps the source");
        cuda.refused(1, cudaMemcpy(null, device, 4, cudaMemcpyDeviceToHost), "target is a null pointer");
        cuda.ok(cudaMemcpy(null, null, 0, cudaMemcpyDeviceToHost));
    }

    @Test
    void freedMemoryIsGone() {
        FloatPointer device = cuda.upload(1);
        FloatPointer host = new FloatPointer(1);
        cuda.refused(1, cudaFree(Cuda.at(device, 1)), "not its start");
        cuda.refused(1, cudaFree(host), "was not given by cudaMalloc");
        cuda.refused(1, cudaFreeHost(device), "was not given by cudaMallocHost");
        cuda.ok(cudaFree(device));
        cuda.refused(1, cudaFree(device), "freed a second time");
        cuda.refused(1, cudaMemcpy(host, device, 4, cudaMemcpyDeviceToHost), "was freed");
        cuda.ok(cudaFree(null));
    }

    @Test
    void writesPastAnAllocationAreFoundAtFreeAndSynchronisation() {
        FloatPointer device = cuda.upload(1, 2);
        // The host can reach simulated device memory; a GPU's it could not.
        BytePointer bytes = new BytePointer(device).capacity(1000);
        bytes.put(8, (byte) 0);
        cuda.refused(cudaErrorIllegalAddress, cudaDeviceSynchronize(), "past the end of allocation", "0 bytes past it");
        fresh();
        bytes = new BytePointer(cuda.floats(2));
        bytes.getPointer(-3).put((byte) 0);
        cuda.refused(cudaErrorIllegalAddress, cudaFree(bytes), "before the start of allocation", "3 bytes before it");
    }

    @Test
    void memoryEnds() {
        cuda.simulator.memory(1000);
        FloatPointer first = cuda.floats(200);
        FloatPointer second = new FloatPointer();
        cuda.refused(cudaErrorMemoryAllocation, cudaMalloc(second, 201), "201 bytes asked for", "800 are in use");
        assertTrue(second.isNull());
        SizeTPointer free = new SizeTPointer(1);
        SizeTPointer total = new SizeTPointer(1);
        cuda.ok(cudaMemGetInfo(free, total));
        assertEquals(200, free.get());
        assertEquals(1000, total.get());
        // Each device has its own, and what is freed can be had again.
        cuda.ok(cudaSetDevice(1));
        cuda.ok(cudaMalloc(second, 1000));
        cuda.ok(cudaSetDevice(0));
        cuda.ok(cudaFree(first));
        cuda.ok(cudaMalloc(first, 1000));
    }

    @Test
    void devicesHaveSeparateMemoryAndPeersCopy() {
        FloatPointer here = cuda.upload(5);
        cuda.ok(cudaSetDevice(1));
        FloatPointer there = cuda.floats(1);
        cuda.ok(cudaMemcpy(there, here, 4, cudaMemcpyDeviceToDevice));
        assertEquals(5, cuda.download(there, 1)[0]);
        cuda.refused(1, cudaMemset(here, 0, 4), "on device 0), but the work is on device 1");
    }

    /// CUDA waits in `cudaFree`, which is no promise: who relies on it is told.
    @Test
    void memoryThatIsFreedBeforeItsWorkIsDoneIsFound() {
        CUstream_st stream = cuda.stream();
        FloatPointer waited = cuda.floats(4);
        FloatPointer busy = cuda.floats(4);
        FloatPointer idle = cuda.floats(4);
        cuda.ok(cudaMemsetAsync(waited, 0, 16, stream));
        cuda.ok(cudaStreamSynchronize(stream));
        cuda.ok(cudaFree(waited));
        cuda.ok(cudaMemsetAsync(busy, 0, 16, stream));
        cuda.ok(cudaFree(idle));
        cuda.nothingFound();
        cuda.ok(cudaMemsetAsync(busy, 0, 16, stream));
        cuda.ok(cudaFree(busy));
        cuda.found("free", "cudaFree of allocation 2", "waits");
        FloatPointer pinned = cuda.pinned(1);
        FloatPointer device = cuda.upload(1);
        cuda.ok(cudaMemcpyAsync(pinned, device, 4, cudaMemcpyDeviceToHost, stream));
        cuda.ok(cudaFreeHost(pinned));
        cuda.found("free", "cudaFreeHost of pinned allocation", "waits");
    }

    @Test
    void leaksAreListedUntilTheyAreGone() {
        FloatPointer device = cuda.floats(3);
        FloatPointer pinned = cuda.pinned(1);
        CUstream_st stream = cuda.stream();
        assertEquals(
                List.of("allocation 1 (12 bytes on device 0)", "pinned allocation 2 (4 bytes)", "stream 1 of device 0"),
                cuda.simulator.leaks().stream().sorted().toList());
        cuda.ok(cudaFree(device));
        cuda.ok(cudaFreeHost(pinned));
        cuda.ok(cudaStreamDestroy(stream));
        assertEquals(List.of(), cuda.simulator.leaks());
        cuda.cublas();
        cuda.cudnn();
        cuda.event();
        cuda.compile("");
        assertEquals(4, cuda.simulator.leaks().size(), cuda.simulator.leaks()::toString);
    }

    @Test
    void queuedWorkOutlivesNoAllocation() {
        CUfunc_st fill = cuda.kernel("extern \"C\" __global__ void fill(float* x) { x[threadIdx.x] = 1; }", "fill");
        FloatPointer x = cuda.floats(2);
        cuda.ok(cuda.launch(fill, 1, 2, x));
        // cudaFree waits for the device, as CUDA's does.
        cuda.ok(cudaFree(x));
        cuda.ok(cudaDeviceSynchronize());
        cuda.found("free", "cudaFree of allocation 1");
    }

    @Test
    void faultsComeWhenTheyAreOrdered() {
        cuda.simulator.inject("cudaMalloc", 2, cudaErrorMemoryAllocation);
        Pointer memory = new FloatPointer();
        cuda.ok(cudaMalloc(memory, 4));
        cuda.refused(cudaErrorMemoryAllocation, cudaMalloc(memory, 4), "the test asked for");
        cuda.ok(cudaMalloc(memory, 4));
        assertEquals(3, cuda.simulator.calls("cudaMalloc"));
        cuda.simulator.inject("nvrtcCompileProgram", 1, NVRTC_ERROR_OUT_OF_MEMORY);
        assertEquals(NVRTC_ERROR_OUT_OF_MEMORY, cuda.compile("").status());
    }
}
