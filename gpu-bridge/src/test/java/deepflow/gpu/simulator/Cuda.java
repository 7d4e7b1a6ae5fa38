package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.*;
import static org.bytedeco.cuda.global.cudnn.*;
import static org.bytedeco.cuda.global.nvrtc.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/// The presets with fewer words, on a fresh simulator: what a test is not about must succeed.
final class Cuda {
    final Simulator simulator = Simulator.install();

    /// Two devices, everything checked, as a new process finds them; device 0 is current.
    Cuda() {
        simulator
                .reset()
                .devices(2)
                .memory(1L << 30)
                .deferred(true)
                .seed(1)
                .memcheck(true)
                .capability(90);
        ok(cudaSetDevice(0));
    }

    void ok(int status) {
        assertEquals(0, status, simulator::lastReason);
    }

    /// The status, and words of the reason.
    void refused(int expected, int status, String... words) {
        assertEquals(expected, status, simulator::lastReason);
        String reason = simulator.lastReason();
        for (String word : words) {
            assertTrue(reason.contains(word), () -> "'" + word + "' is not in: " + reason);
        }
    }

    /// The journal since it was last read has one line, of that kind and with these words.
    void found(String kind, String... words) {
        List<String> lines = simulator.journal();
        assertEquals(1, lines.size(), lines::toString);
        assertTrue(lines.getFirst().startsWith(kind + ": "), lines::toString);
        for (String word : words) {
            assertTrue(lines.getFirst().contains(word), () -> "'" + word + "' is not in " + lines);
        }
    }

    void nothingFound() {
        assertEquals(List.of(), simulator.journal());
    }

    FloatPointer floats(int count) {
        FloatPointer pointer = new FloatPointer();
        ok(cudaMalloc(pointer, 4L * count));
        return pointer;
    }

    FloatPointer upload(float... values) {
        FloatPointer device = floats(values.length);
        ok(cudaMemcpy(device, new FloatPointer(values), 4L * values.length, cudaMemcpyHostToDevice));
        return device;
    }

    DoublePointer upload(double... values) {
        DoublePointer device = new DoublePointer();
        ok(cudaMalloc(device, 8L * values.length));
        ok(cudaMemcpy(device, new DoublePointer(values), 8L * values.length, cudaMemcpyHostToDevice));
        return device;
    }

    FloatPointer pinned(int count) {
        FloatPointer pointer = new FloatPointer();
        ok(cudaMallocHost(pointer, 4L * count));
        return pointer;
    }

    /// Waits for the device.
    float[] download(Pointer device, int count) {
        FloatPointer host = new FloatPointer(count);
        ok(cudaDeviceSynchronize());
        ok(cudaMemcpy(host, device, 4L * count, cudaMemcpyDeviceToHost));
        float[] values = new float[count];
        host.get(values);
        return values;
    }

    double[] downloadDoubles(Pointer device, int count) {
        DoublePointer host = new DoublePointer(count);
        ok(cudaDeviceSynchronize());
        ok(cudaMemcpy(host, device, 8L * count, cudaMemcpyDeviceToHost));
        double[] values = new double[count];
        host.get(values);
        return values;
    }

    CUstream_st stream() {
        CUstream_st stream = new CUstream_st();
        ok(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking));
        return stream;
    }

    CUevent_st event() {
        CUevent_st event = new CUevent_st();
        ok(cudaEventCreateWithFlags(event, cudaEventDisableTiming));
        return event;
    }

    cublasContext cublas() {
        cublasContext handle = new cublasContext();
        ok(cublasCreate_v2(handle));
        return handle;
    }

    cudnnContext cudnn() {
        cudnnContext handle = new cudnnContext();
        ok(cudnnCreate(handle));
        return handle;
    }

    cudnnTensorStruct tensor(int type, int n, int c, int h, int w) {
        cudnnTensorStruct descriptor = new cudnnTensorStruct();
        ok(cudnnCreateTensorDescriptor(descriptor));
        ok(cudnnSetTensor4dDescriptor(descriptor, CUDNN_TENSOR_NCHW, type, n, c, h, w));
        return descriptor;
    }

    /// A program and what its compilation said.
    record Compiled(_nvrtcProgram program, int status, String log) {}

    Compiled compile(String source, String... options) {
        _nvrtcProgram program = new _nvrtcProgram();
        ok(nvrtcCreateProgram(
                program,
                new BytePointer(source, StandardCharsets.UTF_8),
                new BytePointer("test.cu", StandardCharsets.UTF_8),
                0,
                (PointerPointer<?>) null,
                (PointerPointer<?>) null));
        int status = nvrtcCompileProgram(program, options.length, new PointerPointer<>(options));
        SizeTPointer size = new SizeTPointer(1);
        ok(nvrtcGetProgramLogSize(program, size));
        BytePointer log = new BytePointer(size.get());
        ok(nvrtcGetProgramLog(program, log));
        return new Compiled(program, status, log.getString());
    }

    CUmod_st module(String source, String... options) {
        Compiled compiled = compile(source, options);
        assertEquals(0, compiled.status(), compiled.log());
        SizeTPointer size = new SizeTPointer(1);
        ok(nvrtcGetCUBINSize(compiled.program(), size));
        BytePointer image = new BytePointer(size.get());
        ok(nvrtcGetCUBIN(compiled.program(), image));
        ok(nvrtcDestroyProgram(compiled.program()));
        CUmod_st module = new CUmod_st();
        ok(cuModuleLoadData(module, image));
        return module;
    }

    CUfunc_st kernel(String source, String name, String... options) {
        CUfunc_st function = new CUfunc_st();
        ok(cuModuleGetFunction(function, module(source, options), name));
        return function;
    }

    /// One-dimensional launch in the default stream; arguments are device pointers, Integer, Long or Float.
    int launch(CUfunc_st function, int blocks, int threads, Object... arguments) {
        return launchIn(null, function, blocks, threads, 0, arguments);
    }

    int launchIn(CUstream_st stream, CUfunc_st function, int blocks, int threads, int shared, Object... arguments) {
        return cuLaunchKernel(
                function, blocks, 1, 1, threads, 1, 1, shared, stream, parameters(arguments), new PointerPointer<>());
    }

    static PointerPointer<Pointer> parameters(Object... arguments) {
        Pointer[] values = new Pointer[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            values[i] = switch (arguments[i]) {
                case Integer n -> new IntPointer(new int[] {n});
                case Long n -> new LongPointer(new long[] {n});
                case Float x -> new FloatPointer(new float[] {x});
                case Pointer p -> new LongPointer(new long[] {addressOf(p)});
                default -> throw new IllegalArgumentException(arguments[i].toString());
            };
        }
        return new PointerPointer<>(values);
    }

    static long addressOf(Pointer pointer) {
        return pointer.address() + pointer.position() * pointer.sizeof();
    }

    /// The pointer that many elements further on. Not `position`: where a preset takes any pointer, it counts bytes.
    static FloatPointer at(FloatPointer pointer, long elements) {
        return pointer.getPointer(elements);
    }
}
