package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cudart.cudaDeviceSynchronize;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;

/// The second process of [NcclTest]: joins as rank 1, adds (100, 200) once, and ends without saying goodbye.
final class NcclRank {
    private NcclRank() {}

    public static void main(String[] arguments) {
        Cuda cuda = new Cuda();
        Nccl nccl = new Nccl(cuda.simulator);
        byte[] id = Arrays.copyOf(arguments[0].getBytes(StandardCharsets.ISO_8859_1), 128);
        cuda.ok(nccl.init(2, id, 1));
        FloatPointer x = cuda.upload(100, 200);
        cuda.ok(nccl.allReduce(x, x, 2, 7, 0, null));
        cuda.ok(cudaDeviceSynchronize());
        float[] sum = cuda.download(x, 2);
        if (sum[0] != 101 || sum[1] != 202) {
            throw new AssertionError(Arrays.toString(sum));
        }
    }
}
