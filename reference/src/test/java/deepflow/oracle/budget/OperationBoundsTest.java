package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.emulation.Rounding;
import deepflow.oracle.emulation.RoundingBackend;
import deepflow.oracle.emulation.SummationOrder;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import java.util.function.BiFunction;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What another implementation computes from inputs that are off is within the bound that [BoundingBackend] has for it,
/// operation by operation. The others are our own float32 back end, and the rounding one.
class OperationBoundsTest {
    private static final double CLAMPED = 0.75;

    /// Inputs of an operation: x and y are (rows, width), v is (1, width).
    record Inputs(Tensor x, Tensor y, Tensor v, Tensor indices) {}

    /// The operations that a step has, each with the forward that its backward needs.
    enum Operation {
        ADD((b, i) -> b.add(i.x, i.y)),
        ADD_ROW((b, i) -> b.add(i.x, i.v)),
        SUBTRACT((b, i) -> b.subtract(i.x, i.y)),
        MULTIPLY((b, i) -> b.multiply(i.x, i.y)),
        MULTIPLY_ROW((b, i) -> b.multiply(i.x, i.v)),
        DIVIDE((b, i) -> b.divide(i.x, i.y)),
        SCALE((b, i) -> b.scale(i.x, 1 / 3.0)),
        SQRT((b, i) -> b.sqrt(b.multiply(i.x, i.x))),
        SIN((b, i) -> b.sin(i.x)),
        COS((b, i) -> b.cos(i.x)),
        SILU((b, i) -> b.silu(i.x)),
        SILU_BACKWARD((b, i) -> b.siluBackward(i.x, i.y)),
        GELU((b, i) -> b.gelu(i.x)),
        GELU_BACKWARD((b, i) -> b.geluBackward(i.x, i.y)),
        CLAMP((b, i) -> b.clamp(i.x, -CLAMPED, CLAMPED)),
        CLAMP_BACKWARD((b, i) -> b.clampBackward(i.x, -CLAMPED, CLAMPED, i.y)),
        MATMUL((b, i) -> b.matmul(i.x, false, i.y, true)),
        MATMUL_TRANSPOSED((b, i) -> b.matmul(i.x, true, i.y, false)),
        LINEAR((b, i) -> b.linear(
                i.x, b.matmul(i.y, true, i.y, false), i.v.reshape(i.v.shape().dim(1)))),
        LAYER_NORM((b, i) -> b.layerNorm(i.x, 1e-6).y()),
        LAYER_NORM_STATISTICS((b, i) -> b.layerNorm(i.x, 1e-6).rstd()),
        LAYER_NORM_BACKWARD((b, i) -> b.layerNormBackward(b.layerNorm(i.x, 1e-6), i.y)),
        SOFTMAX((b, i) -> b.softmax(i.x)),
        SOFTMAX_BACKWARD((b, i) -> b.softmaxBackward(b.softmax(i.x), i.y)),
        SUM_ROWS((b, i) -> b.sumTo(i.x, i.v.shape())),
        SUM_COLUMNS((b, i) -> b.sumTo(i.x, Shape.of(i.x.shape().dim(0), 1))),
        SUM_OF_SQUARES((b, i) -> b.sumOfSquares(i.x)),
        GATHER_BACKWARD((b, i) -> b.gatherBackward(i.x, i.indices, 3)),
        PERMUTE((b, i) -> b.permute(i.x, 1, 0)),
        SLICE((b, i) -> b.slice(i.x, 1, 0, 1)),
        COPY((b, i) -> b.copy(i.x));

        private final BiFunction<Backend, Inputs, Tensor> apply;

        Operation(BiFunction<Backend, Inputs, Tensor> apply) {
            this.apply = apply;
        }
    }

    /// Where inputs lie.
    enum Range {
        ORDINARY,
        /// All exponents of a type, as far as two numbers' product has one.
        WIDE,
        /// Where an exponential of −x is no number of the type any more.
        FAR_BELOW,
        /// All elements of a row near each other, and some 0.
        NARROW;

        double draw(KeyedRandom random, FloatFormat format) {
            double g = random.gaussian();
            int wide = format == FloatFormat.FP16 ? 5 : 50;
            return switch (this) {
                case ORDINARY -> g;
                case WIDE -> Math.scalb(g, (int) ((2 * random.uniform() - 1) * wide));
                case FAR_BELOW -> -130 * random.uniform();
                case NARROW -> random.uniform() < 0.1 ? 0 : 1 + g / 64;
            };
        }
    }

    /// Who computes the same otherwise.
    enum Other {
        FLOAT32(FloatFormat.F32),
        ROUNDED_F32(FloatFormat.F32),
        ROUNDED_BF16(FloatFormat.BF16),
        ROUNDED_FP16(FloatFormat.FP16);

        private final FloatFormat format;

        Other(FloatFormat format) {
            this.format = format;
        }
    }

    private static final double[] ERRORS = {0, 0x1p-23, 1e-3, 0.1, 1};

    /// The two implementations, and how far inputs of one are from the other's.
    private record Pair(BoundingBackend bounding, Backend other, FloatFormat format, KeyedRandom random, double error) {
        Tensor[] input(Range range, int... dims) {
            Shape shape = Shape.of(dims);
            double[] truth = new double[Math.toIntExact(shape.size())];
            double[] off = new double[truth.length];
            double[] theirs = new double[truth.length];
            for (int i = 0; i < truth.length; i++) {
                truth[i] = format.nearest(range.draw(random, format));
                theirs[i] = format.nearest(truth[i] + error * random.gaussian() * (1e-3 + Math.abs(truth[i])));
                theirs[i] = error == 0 ? truth[i] : theirs[i];
                off[i] = Math.abs(theirs[i] - truth[i]);
            }
            Tensor ours = bounding.of(bounding.exact.upload(truth, shape), off, format, null);
            return new Tensor[] {ours, other.upload(theirs, shape)};
        }
    }

    /// The largest error over its bound of one case.
    private static double worst(Operation op, Other who, Range range, int rows, int width, double error, long seed) {
        try (Threads threads = new Threads(1);
                Backend exact = Backends.open("cpu", DType.F64, 1);
                Backend float32 = Backends.open("cpu", DType.F32, 1)) {
            KeyedRandom random = KeyedRandom.of(seed, "bounds " + op + who + range, 0);
            Arithmetic arithmetic = Arithmetic.uniform(who.format);
            BoundingBackend bounding = new BoundingBackend(exact, float32, threads, arithmetic, 1e-6);
            Backend other = who == Other.FLOAT32
                    ? float32
                    : new RoundingBackend(
                            exact, float32, arithmetic, Rounding.NEAREST, SummationOrder.random(random), rows % 2 == 0);
            Pair pair = new Pair(bounding, other, who.format, random, error);
            Tensor[] x = pair.input(range, rows, width);
            Tensor[] y = pair.input(range == Range.FAR_BELOW ? Range.ORDINARY : range, rows, width);
            Tensor[] v = pair.input(range, 1, width);
            int[] indices = new int[rows];
            for (int i = 0; i < rows; i++) {
                indices[i] = (int) (3 * random.uniform());
            }
            Shape all = Shape.of(rows);
            Tensor truth = op.apply.apply(bounding, new Inputs(x[0], y[0], v[0], bounding.uploadIndices(indices, all)));
            Tensor found = op.apply.apply(other, new Inputs(x[1], y[1], v[1], other.uploadIndices(indices, all)));
            return worst(bounding.download(truth), bounding.bound(truth), other.download(found));
        }
    }

    private static double worst(double[] truth, double[] bound, double[] found) {
        double worst = 0;
        for (int i = 0; i < truth.length; i++) {
            double e = Math.abs(truth[i] - found[i]);
            // what overflowed is not held against bounds, and a bound that is NaN says nothing
            if (Double.isFinite(e) && e / bound[i] > worst) {
                worst = e / bound[i];
            }
        }
        return worst;
    }

    @Property(tries = 3000, edgeCases = EdgeCasesMode.NONE)
    void errorsStayWithinTheBound(
            @ForAll Operation op,
            @ForAll Other who,
            @ForAll Range range,
            @ForAll @IntRange(min = 1, max = 9) int rows,
            @ForAll @IntRange(min = 1, max = 40) int width,
            @ForAll @IntRange(max = 4) int error,
            @ForAll long seed) {
        Assume.that(range != Range.FAR_BELOW || op == Operation.SILU || op == Operation.GELU);
        double worst = worst(op, who, range, rows, width, ERRORS[error], seed);
        assertTrue(worst <= 1, () -> "error over bound " + worst);
    }

    /// Of inputs that are exact, in float32.
    @ParameterizedTest
    @EnumSource(Operation.class)
    void boundsAreNoWiderThanIsOfUse(Operation op) {
        double worst = 0;
        for (int seed = 0; seed < 20; seed++) {
            worst = Math.max(worst, worst(op, Other.FLOAT32, Range.ORDINARY, 9, 40, 1e-3, seed));
        }
        assertTrue(worst > 0.1, "a bound that says nothing: " + worst);
    }
}
