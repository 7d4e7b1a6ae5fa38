package deepflow.oracle.budget;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The part of a [BoundingBackend] that does not compute: pairs of value and bound, where they live and how they are
/// moved.
abstract class BoundedTensors implements Backend {
    final Backend exact;
    final Arithmetic arithmetic;

    BoundedTensors(Backend exact, Arithmetic arithmetic) {
        this.exact = exact;
        this.arithmetic = arithmetic;
    }

    /// What the float64 value itself is off.
    static double own() {
        return FloatFormat.F64.unit();
    }

    @Override
    public String name() {
        return exact.name() + " with bounds";
    }

    @Override
    public DType dtype() {
        return DType.F64;
    }

    // ---- pairs ----------------------------------------------------------------------------------------------

    static Tensor value(Tensor x) {
        return x.storage() instanceof BoundedStorage s ? s.value().reshape(x.shape()) : x;
    }

    static @Nullable FloatFormat format(Tensor x) {
        return x.storage() instanceof BoundedStorage s ? s.format() : null;
    }

    @Nullable
    FloatFormat widest(Tensor x, Tensor y) {
        return arithmetic.pointwise(format(x), format(y));
    }

    double[] values(Tensor x) {
        return exact.download(value(x));
    }

    /// How far each element may be off.
    public double[] bound(Tensor x) {
        return x.storage() instanceof BoundedStorage s && s.bound() != null
                ? exact.download(s.bound())
                : new double[Math.toIntExact(x.size())];
    }

    /// Whether there is no error.
    static boolean exactly(Tensor x) {
        return x.storage() instanceof BoundedStorage s && s.bound() == null;
    }

    /// The same when the other implementation stores the result in this type.
    public double[] bound(Tensor x, FloatFormat stored) {
        double[] b = bound(x);
        FloatFormat computed = format(x);
        if (computed == null || !stored.holds(computed)) {
            addRounding(b, values(x), stored);
        }
        return b;
    }

    /// The last operation with all its terms positive: over |value| it is the condition κ.
    public double[] magnitude(Tensor x) {
        double[] m = x.storage() instanceof BoundedStorage s && s.magnitude() != null
                ? exact.download(s.magnitude())
                : values(x);
        for (int i = 0; i < m.length; i++) {
            m[i] = Math.abs(m[i]);
        }
        return m;
    }

    static Tensor of(Tensor inner, @Nullable Tensor bound, @Nullable FloatFormat format, @Nullable Tensor magnitude) {
        return new Tensor(inner.shape(), DType.F64, new BoundedStorage(inner, bound, format, magnitude));
    }

    static void addRounding(double[] bound, double[] z, @Nullable FloatFormat format) {
        double u = own() + (format == null ? 0 : format.unit());
        double least = format == null ? 0 : format.underflow();
        for (int i = 0; i < bound.length; i++) {
            bound[i] += u * (Math.abs(z[i]) + bound[i]) + least;
        }
    }

    /// A result: its bound before it is rounded to its type, and the magnitude.
    Tensor result(Tensor z, double[] bound, @Nullable FloatFormat format, double @Nullable [] magnitude) {
        addRounding(bound, exact.download(z), format);
        return of(
                z,
                exact.upload(bound, z.shape()),
                format,
                magnitude == null ? null : exact.upload(magnitude, z.shape()));
    }

    /// |x| + bound: the largest the other implementation may have.
    double[] largest(Tensor x) {
        double[] v = values(x);
        double[] b = bound(x);
        for (int i = 0; i < v.length; i++) {
            v[i] = Math.abs(v[i]) + b[i];
        }
        return v;
    }

    double[] broadcast(double[] v, Shape from, Shape to) {
        return from.equals(to) ? v : exact.download(exact.add(exact.full(to, 0), exact.upload(v, from)));
    }

    static double[] map(double[] x, double[] y, DoubleBinaryOperator f) {
        double[] z = new double[x.length];
        for (int i = 0; i < z.length; i++) {
            z[i] = f.applyAsDouble(x[i], y[i]);
        }
        return z;
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    @Override
    public Tensor upload(double[] values, Shape shape) {
        return upload(values, shape, arithmetic.given());
    }

    /// A tensor without error, in a type.
    public Tensor upload(double[] values, Shape shape, FloatFormat format) {
        return of(exact.upload(values, shape), null, format, null);
    }

    /// A weight or an input as the back end underneath has it.
    public Tensor given(Tensor inner) {
        return of(inner, null, arithmetic.given(), null);
    }

    @Override
    public Tensor uploadIndices(int[] values, Shape shape) {
        return exact.uploadIndices(values, shape);
    }

    @Override
    public double[] download(Tensor x) {
        return values(x);
    }

    @Override
    public Tensor full(Shape shape, double value) {
        return of(exact.full(shape, value), null, null, null);
    }

    @Override
    public Tensor copy(Tensor x) {
        return layout(x, exact::copy);
    }

    @Override
    public Arena arena() {
        return exact.arena();
    }

    @Override
    public void close() {
        // the back end underneath belongs to whoever opened it
    }

    @Override
    public Tensor inTypeOf(Tensor x, Tensor like) {
        FloatFormat to = format(like);
        FloatFormat from = format(x);
        if (to == null || from != null && to.holds(from)) {
            return x;
        }
        return result(value(x), bound(x), to, magnitude(x));
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    private static Tensor layout(Tensor x, UnaryOperator<Tensor> f) {
        if (!(x.storage() instanceof BoundedStorage s)) {
            return f.apply(x);
        }
        Tensor bound = s.bound() == null ? null : f.apply(s.bound().reshape(x.shape()));
        Tensor magnitude = s.magnitude() == null ? null : f.apply(s.magnitude().reshape(x.shape()));
        return of(f.apply(s.value().reshape(x.shape())), bound, s.format(), magnitude);
    }

    @Override
    public Tensor permute(Tensor x, int... axes) {
        return layout(x, t -> exact.permute(t, axes));
    }

    @Override
    public Tensor concat(int axis, List<Tensor> parts) {
        List<Tensor> inner = new ArrayList<>();
        List<Tensor> bounds = new ArrayList<>();
        FloatFormat widest = null;
        for (Tensor part : parts) {
            inner.add(value(part));
            bounds.add(exact.upload(bound(part), part.shape()));
            widest = arithmetic.pointwise(widest, format(part));
        }
        return of(exact.concat(axis, inner), exact.concat(axis, bounds), widest, null);
    }

    @Override
    public Tensor slice(Tensor x, int axis, int from, int to) {
        return layout(x, t -> exact.slice(t, axis, from, to));
    }

    @Override
    public Tensor gather(Tensor table, Tensor indices) {
        return layout(table, t -> exact.gather(t, indices));
    }

    // ---- in place: a step has none --------------------------------------------------------------------------

    private static UnsupportedOperationException unbounded(String operation) {
        return new UnsupportedOperationException("no bound is known for " + operation + ", which changes its argument");
    }

    @Override
    public void addInPlace(Tensor accumulator, Tensor x) {
        throw unbounded("addInPlace");
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        throw unbounded("adamW");
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) {
        throw unbounded("average");
    }
}
