package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Work is late, and in an order that only synchronisation fixes: forgetting it is seen, doing it is enough.
class StreamTest {
    private Cuda cuda;

    @BeforeEach
    void fresh() {
        cuda = new Cuda();
    }

    private CUfunc_st adder() {
        return cuda.kernel(
                "extern \"C\" __global__ void add(float* x, const float* y, float c) { x[threadIdx.x] = y[threadIdx.x] + c; }",
                "add");
    }

    @Test
    void theHostSeesPoisonUntilItWaits() {
        CUstream_st stream = cuda.stream();
        FloatPointer device = cuda.upload(1, 2, 3);
        FloatPointer host = cuda.pinned(3);
        host.put(7, 7, 7);
        cuda.ok(cudaMemcpyAsync(host, device, 12, cudaMemcpyDeviceToHost, stream));
        assertEquals(Float.NaN, host.get(0));
        cuda.ok(cudaStreamSynchronize(stream));
        assertEquals(1, host.get(0));
        cuda.nothingFound();
    }

    @Test
    void pinnedMemoryIsReadLateAndPageableAtOnce() {
        CUstream_st stream = cuda.stream();
        FloatPointer device = cuda.floats(1);
        FloatPointer pinned = cuda.pinned(1).put(1f);
        cuda.ok(cudaMemcpyAsync(device, pinned, 4, cudaMemcpyHostToDevice, stream));
        pinned.put(2f);
        assertEquals(2, cuda.download(device, 1)[0]);
        FloatPointer pageable = new FloatPointer(new float[] {1});
        cuda.ok(cudaMemcpyAsync(device, pageable, 4, cudaMemcpyHostToDevice, stream));
        pageable.put(2f);
        assertEquals(1, cuda.download(device, 1)[0]);
        // To pageable memory the call itself waits.
        cuda.ok(cudaMemcpyAsync(pageable, device, 4, cudaMemcpyDeviceToHost, stream));
        assertEquals(1, pageable.get());
    }

    @Test
    void streamsWithoutAnEventBetweenThemRace() {
        CUfunc_st add = adder();
        CUstream_st first = cuda.stream();
        CUstream_st second = cuda.stream();
        FloatPointer x = cuda.floats(1);
        FloatPointer y = cuda.upload(0);
        int stale = 0;
        for (int seed = 0; seed < 10; seed++) {
            cuda.simulator.seed(seed);
            cuda.ok(cudaMemset(x, 0, 4));
            cuda.ok(cudaDeviceSynchronize());
            cuda.ok(cuda.launchIn(first, add, 1, 1, 0, x, y, 5f));
            FloatPointer z = cuda.floats(1);
            cuda.ok(cuda.launchIn(second, add, 1, 1, 0, z, x, 1f));
            cuda.ok(cudaStreamSynchronize(second));
            stale += cuda.download(z, 1)[0] == 1 ? 1 : 0;
            cuda.found("race", "kernel 'add' in stream", "unordered with");
        }
        assertTrue(stale > 0 && stale < 10, "both orders are drawn, the second stream first " + stale + " times");
    }

    @Test
    void anEventOrdersThem() {
        CUfunc_st add = adder();
        CUstream_st first = cuda.stream();
        CUstream_st second = cuda.stream();
        CUevent_st event = cuda.event();
        FloatPointer x = cuda.floats(1);
        FloatPointer z = cuda.floats(1);
        FloatPointer y = cuda.upload(0);
        for (int seed = 0; seed < 10; seed++) {
            cuda.simulator.seed(seed);
            cuda.ok(cuda.launchIn(first, add, 1, 1, 0, x, y, 1f * seed));
            cuda.ok(cudaEventRecord(event, first));
            cuda.ok(cudaStreamWaitEvent(second, event));
            cuda.ok(cuda.launchIn(second, add, 1, 1, 0, z, x, 1f));
            cuda.ok(cudaEventRecord(event, second));
            cuda.ok(cudaStreamWaitEvent(first, event));
            cuda.ok(cudaStreamSynchronize(second));
            assertEquals(seed + 1, cuda.download(z, 1)[0]);
        }
        cuda.nothingFound();
    }

    @Test
    void librariesUseTheStreamOfTheirHandle() {
        var handle = cuda.cublas();
        CUstream_st stream = cuda.stream();
        cuda.ok(cublasSetStream_v2(handle, stream));
        FloatPointer one = new FloatPointer(new float[] {1});
        FloatPointer zero = new FloatPointer(new float[] {0});
        FloatPointer x = cuda.upload(3);
        FloatPointer y = cuda.floats(1);
        FloatPointer z = cuda.floats(1);
        cuda.ok(cublasGemmEx(handle, 0, 0, 1, 1, 1, one, x, 0, 1, x, 0, 1, zero, y, 0, 1, 68, -1));
        // The scalars are read at once, as cuBLAS does.
        one.put(100f);
        CUstream_st other = cuda.stream();
        cuda.ok(cudaMemcpyAsync(z, y, 4, cudaMemcpyDeviceToDevice, other));
        cuda.ok(cudaDeviceSynchronize());
        cuda.found("race", "gemm 1x1x1 in stream");
        assertArrayEquals(new float[] {9}, cuda.download(y, 1));
    }

    @Test
    void theDefaultStreamWaitsForBlockingStreamsOnly() {
        CUfunc_st add = adder();
        CUstream_st blocking = new CUstream_st();
        cuda.ok(cudaStreamCreateWithFlags(blocking, cudaStreamDefault));
        FloatPointer x = cuda.floats(1);
        FloatPointer y = cuda.upload(1);
        cuda.ok(cuda.launchIn(blocking, add, 1, 1, 0, x, y, 1f));
        cuda.ok(cuda.launch(add, 1, 1, y, x, 1f));
        cuda.ok(cuda.launchIn(blocking, add, 1, 1, 0, x, y, 1f));
        assertEquals(4, cuda.download(x, 1)[0]);
        cuda.nothingFound();
    }

    @Test
    void pollingMakesProgress() {
        CUfunc_st add = adder();
        CUstream_st stream = cuda.stream();
        CUevent_st event = cuda.event();
        FloatPointer x = cuda.upload(0);
        assertEquals(0, cudaEventQuery(event), "an event that was never recorded is complete");
        cuda.ok(cudaEventSynchronize(event));
        for (int i = 0; i < 5; i++) {
            cuda.ok(cuda.launchIn(stream, add, 1, 1, 0, x, x, 1f));
        }
        cuda.ok(cudaEventRecord(event, stream));
        assertEquals(cudaErrorNotReady, cudaEventQuery(event));
        int polls = 0;
        while (cudaStreamQuery(stream) == cudaErrorNotReady) {
            polls++;
        }
        assertTrue(polls > 1 && polls < 20, "polls: " + polls);
        cuda.ok(cudaEventQuery(event));
        assertEquals(0, cudaGetLastError(), "not ready is no error to remember");
        assertEquals(5, cuda.download(x, 1)[0]);
    }

    @Test
    void timesNeedTimingEvents() {
        CUevent_st plain = cuda.event();
        CUevent_st start = new CUevent_st();
        CUevent_st end = new CUevent_st();
        cuda.ok(cudaEventCreateWithFlags(start, cudaEventDefault));
        cuda.ok(cudaEventCreateWithFlags(end, cudaEventDefault));
        cuda.ok(cudaEventRecord(start, null));
        cuda.ok(cudaEventRecord(end, null));
        cuda.ok(cudaEventRecord(plain, null));
        float[] time = new float[1];
        assertEquals(cudaErrorNotReady, cudaEventElapsedTime(time, start, end));
        cuda.ok(cudaEventSynchronize(end));
        cuda.ok(cudaEventElapsedTime(time, start, end));
        assertTrue(time[0] >= 0);
        cuda.refused(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(time, plain, end), "without timing");
    }

    @Test
    void handlesAreChecked() {
        CUstream_st stream = cuda.stream();
        CUevent_st event = cuda.event();
        cuda.ok(cudaStreamDestroy(stream));
        cuda.refused(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(stream), "which was destroyed");
        cuda.ok(cudaEventDestroy(event));
        cuda.refused(cudaErrorInvalidResourceHandle, cudaEventRecord(event, null), "was destroyed");
        cuda.ok(cudaSetDevice(1));
        CUstream_st there = cuda.stream();
        CUevent_st thereToo = cuda.event();
        cuda.ok(cudaSetDevice(0));
        CUfunc_st add = adder();
        FloatPointer x = cuda.upload(0);
        cuda.refused(
                cudaErrorInvalidResourceHandle, cuda.launchIn(there, add, 1, 1, 0, x, x, 1f), "belongs to device 1");
        cuda.refused(cudaErrorInvalidResourceHandle, cudaEventRecord(thereToo, null), "belongs to device 1");
        cuda.refused(CUBLAS_STATUS_INVALID_VALUE, cublasSetStream_v2(cuda.cublas(), there), "belongs to device 1");
    }

    @Test
    void immediateModeRunsAtOnce() {
        cuda.simulator.deferred(false);
        FloatPointer host = cuda.pinned(1);
        cuda.ok(cudaMemcpyAsync(host, cuda.upload(4), 4, cudaMemcpyDeviceToHost, cuda.stream()));
        assertEquals(4, host.get());
    }
}
