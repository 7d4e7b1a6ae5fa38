package deepflow.gpu;

import deepflow.gpu.device.DeviceMemory.Block;
import deepflow.gpu.device.Kernels;
import deepflow.gpu.device.Launch;
import deepflow.tensor.Arguments;
import deepflow.tensor.GateGradients;
import deepflow.tensor.ModulationGradients;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/// Operations on tokens (N, T, D) with a vector (N, D) for each sample, each in one pass: `tokens.cu`. They
/// have the bits of their compositions.
final class Tokens {
    private static final String FILE = "tokens";

    private final Tensors tensors;
    private final Kernels kernels;
    private final Sums sums;

    Tokens(Tensors tensors, Kernels kernels, Sums sums) {
        this.tensors = tensors;
        this.kernels = kernels;
        this.sums = sums;
    }

    /// Whether a sum over the tokens is one over a middle axis, as the kernels here take it: there is more than
    /// one token (else the composition copies), and more than one channel (else it sums rows).
    static boolean sumsColumns(Tensor x) {
        Shape s = x.shape();
        return s.rank() == 3 && s.size() > 0 && s.dim(1) > 1 && s.dim(2) > 1;
    }

    Tensor modulate(Tensor z, Tensor shift, Tensor scale) {
        Arguments.perToken("modulate", z.shape(), shift, scale);
        Arguments.floating("modulate", tensors.type(), z, shift, scale);
        return perElement("modulate", z, shift, scale);
    }

    Tensor addGated(Tensor x, Tensor h, Tensor gate) {
        Arguments.perToken("addGated", h.shape(), gate);
        Arguments.floating("addGated", tensors.type(), x, h, gate);
        Arguments.shape("addGated", h.shape(), x);
        return perElement("addGated", x, h, gate);
    }

    private Tensor perElement(String kernel, Tensor x, Tensor second, Tensor third) {
        long[] from = {tensors.address(x), tensors.address(second), tensors.address(third)};
        Tensor y = tensors.create(x.shape());
        kernels.launch(FILE, kernel)
                .pointer(from[0])
                .pointer(from[1])
                .pointer(from[2])
                .pointer(tensors.address(y))
                .size(x.size())
                .size(x.shape().dim(1))
                .size(x.shape().dim(2))
                .forElements(x.size());
        return y;
    }

    /// @param z with [#sumsColumns]
    ModulationGradients modulateBackward(Tensor z, Tensor scale, Tensor dy) {
        Backward b = backward("modulateBackward", z, scale, dy, 2);
        return new ModulationGradients(b.dx(), b.sums().getFirst(), b.sums().getLast());
    }

    /// @param h with [#sumsColumns]
    GateGradients addGatedBackward(Tensor h, Tensor gate, Tensor dy) {
        Backward b = backward("addGatedBackward", h, gate, dy, 1);
        return new GateGradients(b.dx(), b.sums().getFirst());
    }

    /// The gradient of the tokens (N, T, D), and gradients (N, D) that are sums over the tokens.
    private record Backward(Tensor dx, List<Tensor> sums) {}

    /// @param kernel its name, which is the operation's
    /// @param vector (N, D)
    /// @param sums how many the kernel computes, piece by piece
    private Backward backward(String kernel, Tensor x, Tensor vector, Tensor dy, int sums) {
        Arguments.perToken(kernel, x.shape(), vector);
        Arguments.floating(kernel, tensors.type(), x, vector, dy);
        Arguments.same(kernel, x, dy);
        Pieces p = new Pieces(x.shape());
        long[] from = {tensors.address(x), tensors.address(vector), tensors.address(dy)};
        Tensor dx = tensors.create(x.shape());
        List<Block> pieces =
                Stream.generate(() -> tensors.scratch(p.elements())).limit(sums).toList();
        Launch launch = kernels.launch(FILE, kernel)
                .pointer(from[0])
                .pointer(from[1])
                .pointer(from[2])
                .pointer(tensors.address(dx));
        pieces.forEach(block -> launch.pointer(block.address()));
        launch.size(p.samples())
                .size(p.tokens())
                .size(p.channels())
                .size(Sums.COLUMN)
                .size(p.count())
                .forElements(p.elements());
        return new Backward(
                dx, pieces.stream().map(b -> sum(b, p, vector.shape())).toList());
    }

    /// How [Sums] cuts the tokens.
    private record Pieces(long samples, long tokens, long channels) {
        private Pieces(Shape x) {
            this(x.dim(0), x.dim(1), x.dim(2));
        }

        private long count() {
            return (tokens + Sums.COLUMN - 1) / Sums.COLUMN;
        }

        private long elements() {
            return samples * count() * channels;
        }
    }

    private Tensor sum(Block pieces, Pieces p, Shape vector) {
        return tensors.wrap(
                vector,
                p.count() == 1 ? pieces : sums.over(pieces.address(), pieces, p.samples(), p.count(), p.channels()));
    }
}
