package deepflow.gpu;

import deepflow.gpu.device.DeviceMemory.Block;
import deepflow.gpu.device.Kernels;
import deepflow.tensor.Arguments;
import deepflow.tensor.GateGradients;
import deepflow.tensor.ModulationGradients;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;

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
        Arguments.perToken("modulateBackward", z.shape(), scale);
        Arguments.floating("modulateBackward", tensors.type(), z, scale, dy);
        Arguments.same("modulateBackward", z, dy);
        Pieces p = new Pieces(z.shape());
        long[] from = {tensors.address(z), tensors.address(scale), tensors.address(dy)};
        Tensor dz = tensors.create(z.shape());
        Block shifts = tensors.scratch(p.elements());
        Block scales = tensors.scratch(p.elements());
        kernels.launch(FILE, "modulateBackward")
                .pointer(from[0])
                .pointer(from[1])
                .pointer(from[2])
                .pointer(tensors.address(dz))
                .pointer(shifts.address())
                .pointer(scales.address())
                .size(p.samples())
                .size(p.tokens())
                .size(p.channels())
                .size(Sums.COLUMN)
                .size(p.count())
                .forElements(p.elements());
        return new ModulationGradients(dz, sum(shifts, p, scale.shape()), sum(scales, p, scale.shape()));
    }

    /// @param h with [#sumsColumns]
    GateGradients addGatedBackward(Tensor h, Tensor gate, Tensor dy) {
        Arguments.perToken("addGatedBackward", h.shape(), gate);
        Arguments.floating("addGatedBackward", tensors.type(), h, gate, dy);
        Arguments.same("addGatedBackward", h, dy);
        Pieces p = new Pieces(h.shape());
        long[] from = {tensors.address(h), tensors.address(gate), tensors.address(dy)};
        Tensor dh = tensors.create(h.shape());
        Block gates = tensors.scratch(p.elements());
        kernels.launch(FILE, "addGatedBackward")
                .pointer(from[0])
                .pointer(from[1])
                .pointer(from[2])
                .pointer(tensors.address(dh))
                .pointer(gates.address())
                .size(p.samples())
                .size(p.tokens())
                .size(p.channels())
                .size(Sums.COLUMN)
                .size(p.count())
                .forElements(p.elements());
        return new GateGradients(dh, sum(gates, p, gate.shape()));
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
