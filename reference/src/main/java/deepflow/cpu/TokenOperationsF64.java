package deepflow.cpu;

import static deepflow.cpu.MemoryF64.values;

import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.GateGradients;
import deepflow.tensor.ModulationGradients;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import org.jspecify.annotations.Nullable;

/// The operations of a back end on tokens with a vector for each sample: they check arguments, allocate results, and
/// share the work out.
final class TokenOperationsF64 {
    private static final DType TYPE = MemoryF64.TYPE;

    private final Threads threads;
    private final MemoryF64 memory;

    TokenOperationsF64(Threads threads, MemoryF64 memory) {
        this.threads = threads;
        this.memory = memory;
    }

    /// Whether a sum over tokens is one down columns: a single token is none, a single column is a row.
    static boolean sumsColumns(Tensor z) {
        Shape s = z.shape();
        return s.rank() == 3 && s.size() > 0 && s.dim(1) > 1 && s.dim(2) > 1;
    }

    Tensor modulate(Tensor z, Tensor shift, Tensor scale) {
        Arguments.floating("modulate", TYPE, z, shift, scale);
        Arguments.perToken("modulate", z.shape(), shift, scale);
        int t = z.shape().dim(1);
        int d = z.shape().dim(2);
        double[] x = values(z);
        double[] a = values(shift);
        double[] b = values(scale);
        double[] y = memory.array(z.shape());
        threads.split(z.shape().dim(0) * t, 2.0 * d, 1, (from, to) -> TokensF64.modulate(x, a, b, y, t, d, from, to));
        return memory.tensor(z.shape(), y);
    }

    Tensor addGated(Tensor x, Tensor h, Tensor gate) {
        Arguments.floating("addGated", TYPE, x, h, gate);
        Arguments.perToken("addGated", h.shape(), gate);
        Arguments.same("addGated", x, h);
        int t = h.shape().dim(1);
        int d = h.shape().dim(2);
        double[] a = values(x);
        double[] b = values(h);
        double[] g = values(gate);
        double[] y = memory.array(h.shape());
        threads.split(h.shape().dim(0) * t, 2.0 * d, 1, (from, to) -> TokensF64.addGated(a, b, g, y, t, d, from, to));
        return memory.tensor(h.shape(), y);
    }

    ModulationGradients modulateBackward(Tensor z, Tensor scale, Tensor dy) {
        double[] dz = memory.array(z.shape());
        double[] dshift = memory.array(scale.shape());
        double[] dscale = memory.array(scale.shape());
        backward("modulateBackward", z, scale, true, dy, dz, dscale, dshift);
        return new ModulationGradients(
                memory.tensor(z.shape(), dz),
                memory.tensor(scale.shape(), dshift),
                memory.tensor(scale.shape(), dscale));
    }

    GateGradients addGatedBackward(Tensor h, Tensor gate, Tensor dy) {
        double[] dh = memory.array(h.shape());
        double[] dgate = memory.array(gate.shape());
        backward("addGatedBackward", h, gate, false, dy, dh, dgate, null);
        return new GateGradients(memory.tensor(h.shape(), dh), memory.tensor(gate.shape(), dgate));
    }

    private void backward(
            String name,
            Tensor z,
            Tensor v,
            boolean plusOne,
            Tensor dy,
            double[] dz,
            double[] dv,
            double @Nullable [] dshift) {
        Arguments.floating(name, TYPE, z, v, dy);
        Arguments.perToken(name, z.shape(), v);
        Arguments.same(name, z, dy);
        int t = z.shape().dim(1);
        int d = z.shape().dim(2);
        int chunks = (d + TokensF64.COLUMNS - 1) / TokensF64.COLUMNS;
        double[] x = values(z);
        double[] f = values(v);
        double[] g = values(dy);
        threads.split(z.shape().dim(0) * chunks, 4.0 * t * Math.min(d, TokensF64.COLUMNS), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                int first = i % chunks * TokensF64.COLUMNS;
                int end = Math.min(d, first + TokensF64.COLUMNS);
                TokensF64.backward(x, f, plusOne, g, dz, dv, dshift, t, d, i / chunks, first, end);
            }
        });
    }
}
