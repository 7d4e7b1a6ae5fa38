package deepflow.parallel;

import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Ranks that send everything through rank 0, for devices without a network of their own. Simple, and slow for
/// many ranks: each gathering moves the square of their number.
///
/// @param star over which they met
public record TcpRanks(Star star) implements Ranks {
    @Override
    public int rank() {
        return star.world().rank();
    }

    @Override
    public int count() {
        return star.world().size();
    }

    @Override
    public List<Tensor> gather(Backend b, Tensor x) {
        List<Tensor> all = new ArrayList<>();
        for (byte[] bytes : star.exchange(bytes(b, x))) {
            all.add(tensor(b, bytes, x.shape()));
        }
        return all;
    }

    private static byte[] bytes(Backend b, Tensor x) {
        double[] values = b.download(x);
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(values.length, b.dtype().bytes()));
        for (double v : values) {
            if (b.dtype() == DType.F64) {
                bytes.putDouble(v);
            } else {
                bytes.putFloat((float) v);
            }
        }
        return bytes.array();
    }

    private static Tensor tensor(Backend b, byte[] bytes, Shape shape) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        double[] values = new double[bytes.length / b.dtype().bytes()];
        for (int i = 0; i < values.length; i++) {
            values[i] = b.dtype() == DType.F64 ? in.getDouble() : in.getFloat();
        }
        return b.upload(values, shape);
    }

    @Override
    public void fail(String sentence) {
        star.fail(sentence);
    }

    @Override
    public void close() {
        star.close();
    }
}
