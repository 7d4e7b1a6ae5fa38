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
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The part of a [BoundingBackend] that does not compute: pairs of value and bound, where they live and how they are
/// moved.
abstract class BoundedTensors implements Backend {
    final Backend exact;
    final Arithmetic arithmetic;
    final Loops loops;

    BoundedTensors(Backend exact, Arithmetic arithmetic, Loops loops) {
        this.exact = exact;
        this.arithmetic = arithmetic;
        this.loops = loops;
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

    /// The numbers, only to be read.
    double[] values(Tensor x) {
        return exact.elements(value(x));
    }

    /// How far each element may be off. The array is the caller's.
    public double[] bound(Tensor x) {
        double[] b = boundIfAny(x);
        if (b == null) {
            b = arrayFor(x.shape());
            Arrays.fill(b, 0);
        }
        return b;
    }

    private double[] arrayFor(Shape shape) {
        return exact.array(Math.toIntExact(shape.size()));
    }

    /// The same; null where there is no error.
    double @Nullable [] boundIfAny(Tensor x) {
        UpperValues b = kept(x);
        return b == null ? null : b.doubles(loops, arrayFor(x.shape()));
    }

    private static @Nullable UpperValues kept(Tensor x) {
        return x.storage() instanceof BoundedStorage s ? s.bound() : null;
    }

    /// Whether there is no error.
    static boolean exactly(Tensor x) {
        return kept(x) == null;
    }

    /// Numbers that are read piece by piece.
    @FunctionalInterface
    public interface Upper {
        /// Fills an array with those from an index on. Any thread may call it.
        void read(int from, double[] into);
    }

    /// How far each element may be off when the other implementation stores the tensor in this type.
    public Upper bounds(Tensor x, FloatFormat stored) {
        UpperValues b = kept(x);
        double[] z = values(x);
        FloatFormat computed = format(x);
        boolean rounded = computed == null || !stored.holds(computed);
        return (from, into) -> {
            if (b != null) {
                b.read(from, into.length, into, 0);
            } else {
                Arrays.fill(into, 0);
            }
            if (rounded) {
                addRounding(into, 0, z, from, into.length, stored);
            }
        };
    }

    /// The last operation with all its terms positive: over |value| it is the condition κ.
    public Upper magnitudes(Tensor x) {
        UpperValues terms = x.storage() instanceof BoundedStorage s ? s.magnitude() : null;
        if (terms != null) {
            return (from, into) -> terms.read(from, into.length, into, 0);
        }
        double[] z = values(x);
        return (from, into) -> {
            for (int i = 0; i < into.length; i++) {
                into[i] = Math.abs(z[from + i]);
            }
        };
    }

    /// The same at once, in an array of the caller's.
    double[] magnitude(Tensor x) {
        return x.storage() instanceof BoundedStorage s && s.magnitude() != null
                ? s.magnitude().doubles(loops, arrayFor(x.shape()))
                : absolute(values(x));
    }

    /// |v|, in an array of the caller's.
    double[] absolute(double[] v) {
        return loops.absolute(v, 1, exact.array(v.length));
    }

    /// A pair of a value and arrays that nobody else has, and that nobody reads again.
    Tensor of(Tensor inner, double @Nullable [] bound, @Nullable FloatFormat format, double @Nullable [] magnitude) {
        return pair(inner, packed(bound), format, packed(magnitude));
    }

    static Tensor pair(
            Tensor inner, @Nullable UpperValues bound, @Nullable FloatFormat format, @Nullable UpperValues magnitude) {
        return new Tensor(inner.shape(), DType.F64, new BoundedStorage(inner, bound, format, magnitude));
    }

    @Nullable
    UpperValues packed(double @Nullable [] v) {
        if (v == null) {
            return null;
        }
        UpperValues half = UpperValues.of(loops, v);
        exact.giveBack(v);
        return half;
    }

    void addRounding(double[] bound, double[] z, @Nullable FloatFormat format) {
        loops.over(bound.length, (from, to) -> addRounding(bound, from, z, from, to - from, format));
    }

    /// The same of so many numbers of z, from an index on, whose bounds are from another index on.
    private static void addRounding(
            double[] bound, int at, double[] z, int from, int count, @Nullable FloatFormat format) {
        double u = own() + (format == null ? 0 : format.unit());
        double least = format == null ? 0 : format.underflow();
        for (int i = 0; i < count; i++) {
            bound[at + i] += u * (Math.abs(z[from + i]) + bound[at + i]) + least;
        }
    }

    /// A result: its bound before it is rounded to its type, to which that is added in place, and the magnitude.
    Tensor result(Tensor z, double[] bound, @Nullable FloatFormat format, double @Nullable [] magnitude) {
        addRounding(bound, exact.elements(z), format);
        return of(z, bound, format, magnitude);
    }

    /// |x| + bound: the largest the other implementation may have.
    double[] largest(Tensor x) {
        double[] v = values(x);
        double[] b = boundIfAny(x);
        if (b == null) {
            return absolute(v);
        }
        loops.over(v.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                b[i] += Math.abs(v[i]);
            }
        });
        return b;
    }

    /// What another shape has of these elements, whose array nobody else has.
    double[] broadcast(double[] v, Shape from, Shape to) {
        if (from.equals(to)) {
            return v;
        }
        if (v.length == 0 || v.length != to.product(to.rank() - suffix(from, to), to.rank())) {
            Tensor zeros = exact.full(to, 0);
            Tensor given = exact.adopt(v, from);
            double[] sum = exact.take(exact.add(zeros, given));
            List.of(zeros, given).forEach(exact::release);
            return sum;
        }
        double[] repeated = arrayFor(to);
        for (int at = 0; at < repeated.length; at += v.length) {
            System.arraycopy(v, 0, repeated, at, v.length);
        }
        exact.giveBack(v);
        return repeated;
    }

    /// How many of the last axes two shapes have in common.
    private static int suffix(Shape x, Shape y) {
        int n = 0;
        while (n < x.rank() && n < y.rank() && x.dim(-1 - n) == y.dim(-1 - n)) {
            n++;
        }
        return n;
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    @Override
    public Tensor upload(double[] values, Shape shape) {
        return of(exact.upload(values, shape), null, arithmetic.given(), null);
    }

    @Override
    public Tensor adopt(double[] values, Shape shape) {
        return adopt(values, shape, arithmetic.given());
    }

    /// A tensor without error, in a type, of an array that is nobody else's from now on.
    public Tensor adopt(double[] values, Shape shape, FloatFormat format) {
        return of(exact.adopt(values, shape), null, format, null);
    }

    /// A weight or an input as the back end underneath has it.
    public Tensor given(Tensor inner) {
        return of(inner, null, arithmetic.given(), null);
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
        return values(x);
    }

    @Override
    public Tensor full(Shape shape, double value) {
        return of(exact.full(shape, value), null, null, null);
    }

    @Override
    public Tensor copy(Tensor x) {
        return x.storage() instanceof BoundedStorage s
                ? pair(exact.copy(value(x)), s.bound(), s.format(), s.magnitude())
                : exact.copy(x);
    }

    @Override
    public void release(Tensor x) {
        if (x.storage() instanceof BoundedStorage s) {
            exact.release(s.value());
        }
    }

    @Override
    public Arena arena() {
        Arena inner = exact.arena();
        return new Arena() {
            @Override
            public Tensor keep(Tensor tensor) {
                inner.keep(value(tensor));
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
        // the back end underneath belongs to whoever opened it
    }

    @Override
    public Tensor inTypeOf(Tensor x, Tensor like) {
        FloatFormat to = format(like);
        FloatFormat from = format(x);
        if (to == null || from != null && to.holds(from)) {
            return x;
        }
        return result(exact.copy(value(x)), bound(x), to, magnitude(x));
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    private Tensor layout(Tensor x, UnaryOperator<Tensor> f) {
        if (!(x.storage() instanceof BoundedStorage s)) {
            return f.apply(x);
        }
        double[] bound = moved(s.bound(), x.shape(), f);
        double[] magnitude = moved(s.magnitude(), x.shape(), f);
        return of(f.apply(s.value().reshape(x.shape())), bound, s.format(), magnitude);
    }

    private double @Nullable [] moved(@Nullable UpperValues v, Shape shape, UnaryOperator<Tensor> f) {
        return v == null ? null : taken(v.doubles(loops, arrayFor(shape)), shape, f);
    }

    /// What an operation of the back end underneath makes of numbers whose array nobody else has.
    double[] taken(double[] v, Shape shape, UnaryOperator<Tensor> f) {
        Tensor before = exact.adopt(v, shape);
        double[] made = exact.take(f.apply(before));
        exact.release(before);
        return made;
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
            bounds.add(exact.adopt(bound(part), part.shape()));
            widest = arithmetic.pointwise(widest, format(part));
        }
        double[] bound = exact.take(exact.concat(axis, bounds));
        bounds.forEach(exact::release);
        return of(exact.concat(axis, inner), bound, widest, null);
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
