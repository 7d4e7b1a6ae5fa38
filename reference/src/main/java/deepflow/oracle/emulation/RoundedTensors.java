package deepflow.oracle.emulation;

import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The part of a [RoundingBackend] that does not compute: tensors that know their type, where they live and how they
/// are moved.
abstract class RoundedTensors implements Backend {
    final Backend exact;
    final Arithmetic arithmetic;
    final Rounding rounding;

    RoundedTensors(Backend exact, Arithmetic arithmetic, Rounding rounding) {
        this.exact = exact;
        this.arithmetic = arithmetic;
        this.rounding = rounding;
    }

    @Override
    public String name() {
        return exact.name() + " rounded";
    }

    /// The type that holds every number that occurs.
    @Override
    public DType dtype() {
        return arithmetic.accumulator();
    }

    // ---- between the two back ends --------------------------------------------------------------------------

    static Tensor value(Tensor x) {
        return x.storage() instanceof RoundedStorage s ? s.value().reshape(x.shape()) : x;
    }

    Tensor accurate(Tensor x) {
        return x.storage() instanceof RoundedStorage s ? s.accurate().reshape(x.shape()) : x;
    }

    static @Nullable FloatFormat format(Tensor x) {
        return x.storage() instanceof RoundedStorage s ? s.format() : null;
    }

    Tensor of(Tensor inner, @Nullable FloatFormat format) {
        return new Tensor(inner.shape(), dtype(), new RoundedStorage(inner, format, null));
    }

    /// Rounds an exact result that nobody else has to a type.
    Tensor rounded(Tensor inner, @Nullable FloatFormat format) {
        return format == null ? of(inner, null) : rounded(exact.take(inner), inner.shape(), format);
    }

    /// The same of numbers, whose array nobody else has; null leaves them as they are.
    Tensor rounded(double[] values, Shape shape, @Nullable FloatFormat format) {
        if (format != null) {
            rounding.round(format, values);
        }
        return of(exact.adopt(values, shape), format);
    }

    /// The same, and they are kept as they were as well.
    Tensor roundedKeeping(double[] values, Shape shape, @Nullable FloatFormat format) {
        FloatFormat to = format == null ? arithmetic.wide() : format;
        Tensor before = to.holds(arithmetic.wide()) ? null : exact.upload(values, shape);
        rounding.round(to, values);
        return new Tensor(shape, dtype(), new RoundedStorage(exact.adopt(values, shape), to, before));
    }

    @Nullable
    FloatFormat widest(Tensor... x) {
        FloatFormat[] formats = new FloatFormat[x.length];
        for (int i = 0; i < x.length; i++) {
            formats[i] = format(x[i]);
        }
        return arithmetic.pointwise(formats);
    }

    /// `x` as a tensor of another type.
    public Tensor cast(Tensor x, FloatFormat to) {
        return rounded(exact.copy(value(x)), to);
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    @Override
    public Tensor upload(double[] values, Shape shape) {
        return adopt(values.clone(), shape);
    }

    @Override
    public Tensor adopt(double[] values, Shape shape) {
        return adopt(values, shape, arithmetic.given());
    }

    /// A tensor of a type, values rounded to nearest; the array is nobody else's from now on.
    public Tensor adopt(double[] values, Shape shape, FloatFormat format) {
        Rounding.NEAREST.round(format, values);
        return of(exact.adopt(values, shape), format);
    }

    /// A weight or an input as the back end underneath has it, of a recorded type: shared where that is exact.
    public Tensor given(Tensor inner, FloatFormat recorded) {
        return arithmetic.given().holds(recorded)
                ? of(inner, arithmetic.given())
                : adopt(exact.download(inner), inner.shape());
    }

    /// The elements as they are stored in a type, in an array that is only read.
    public double[] elements(Tensor x, FloatFormat stored) {
        FloatFormat format = format(x);
        if (stored == FloatFormat.F64 || format != null && stored.holds(format)) {
            return elements(x);
        }
        double[] values = download(x);
        rounding.round(stored, values);
        return values;
    }

    @Override
    public double[] array(int elements) {
        return exact.array(elements);
    }

    @Override
    public void giveBack(double[] array) {
        exact.giveBack(array);
    }

    @Override
    public Tensor uploadIndices(int[] values, Shape shape) {
        return exact.uploadIndices(values, shape);
    }

    @Override
    public double[] download(Tensor x) {
        return exact.download(value(x));
    }

    @Override
    public double[] elements(Tensor x) {
        return exact.elements(value(x));
    }

    @Override
    public Tensor full(Shape shape, double value) {
        return of(exact.full(shape, arithmetic.wide().nearest(value)), null);
    }

    @Override
    public Tensor copy(Tensor x) {
        return of(exact.copy(value(x)), format(x));
    }

    @Override
    public void release(Tensor x) {
        if (x.storage() instanceof RoundedStorage s) {
            exact.release(s.value());
            exact.release(s.accurate());
        }
    }

    @Override
    public Arena arena() {
        Arena inner = exact.arena();
        return new Arena() {
            @Override
            public Tensor keep(Tensor tensor) {
                inner.keep(value(tensor));
                inner.keep(accurate(tensor));
                return tensor;
            }

            @Override
            public void close() {
                inner.close();
            }
        };
    }

    @Override
    public void close() {
        // the back ends underneath belong to whoever opened them
    }

    @Override
    public Tensor inTypeOf(Tensor x, Tensor like) {
        FloatFormat to = format(like);
        FloatFormat from = format(x);
        return to == null || from != null && to.holds(from) ? x : cast(x, to);
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    @Override
    public Tensor permute(Tensor x, int... axes) {
        return of(exact.permute(value(x), axes), format(x));
    }

    @Override
    public Tensor concat(int axis, List<Tensor> parts) {
        List<Tensor> inner = new ArrayList<>();
        parts.forEach(part -> inner.add(value(part)));
        return of(exact.concat(axis, inner), widest(parts.toArray(new Tensor[0])));
    }

    @Override
    public Tensor slice(Tensor x, int axis, int from, int to) {
        return of(exact.slice(value(x), axis, from, to), format(x));
    }

    @Override
    public Tensor gather(Tensor table, Tensor indices) {
        return of(exact.gather(value(table), value(indices)), format(table));
    }

    // ---- in place -------------------------------------------------------------------------------------------

    private void inPlace(Tensor target, UnaryOperator<Tensor> f) {
        if (target.storage() instanceof RoundedStorage s) {
            s.become(value(rounded(f.apply(value(target)), s.format())));
        }
    }

    @Override
    public void addInPlace(Tensor accumulated, Tensor x) {
        inPlace(accumulated, t -> {
            exact.addInPlace(t, value(x));
            return t;
        });
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        exact.adamW(value(w), value(g), value(m), value(v), step);
        inPlace(m, t -> t);
        inPlace(v, t -> t);
        inPlace(w, t -> t);
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) {
        inPlace(target, t -> {
            exact.average(t, value(x), decay);
            return t;
        });
    }
}
