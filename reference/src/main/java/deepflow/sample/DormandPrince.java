package deepflow.sample;

import java.util.Arrays;
import java.util.stream.IntStream;

/// Dormand–Prince 5(4) for dx/dt = v(x, t) from 1 to 0 with step control, in each sample by itself (Dormand and
/// Prince 1980; Hairer, Nørsett, Wanner, *Solving Ordinary Differential Equations I*, II.4–5):
///
/// k_i = v(x + h·Σ_j a_ij·k_j, t + c_i·h), x̂ = x + h·Σ b_i·k_i, error e = h·Σ (b*_i − b_i)·k_i, h < 0.
///
/// **Control.** E = RMS over the sample of e / (atol + rtol·max(|x|, |x̂|)). E < 1: the step is taken, x̂ (fifth order)
/// is the new x, k₇ the next k₁, and |h| grows by 0.9·E^(−1/5), at most by 10, not at all right after a rejection.
/// Otherwise |h| shrinks by the same factor, at least to a fifth, and the step is tried again. The last step is cut
/// to end at t = 0, and c_i ≤ 1, so that the model is never evaluated outside [0, 1]. The first |h| follows Hairer's
/// rule, which takes one evaluation more. SciPy's `RK45` does the same, and gives the same steps for one sample.
///
/// Guidance applies to an evaluation by its own time; where the interval ends, the control finds the jump.
///
/// torchdiffeq, which SiT uses, shares one error norm over the batch and overshoots t = 0; here a sample depends on no
/// neighbour (SPEC §7).
///
/// @param absolute atol
/// @param relative rtol
/// @param longest no step is longer, in (0, 1]
public record DormandPrince(double absolute, double relative, double longest) implements Sampler {
    /// atol 1e-6, rtol 1e-3: SiT's.
    public static final DormandPrince PUBLISHED = new DormandPrince(1e-6, 1e-3, 1);

    private static final double[] C = {0, 1 / 5.0, 3 / 10.0, 4 / 5.0, 8 / 9.0, 1, 1};
    /// The last row is b, the weights of the fifth-order result.
    private static final double[][] A = {
        {},
        {1 / 5.0},
        {3 / 40.0, 9 / 40.0},
        {44 / 45.0, -56 / 15.0, 32 / 9.0},
        {19372 / 6561.0, -25360 / 2187.0, 64448 / 6561.0, -212 / 729.0},
        {9017 / 3168.0, -355 / 33.0, 46732 / 5247.0, 49 / 176.0, -5103 / 18656.0},
        {35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0}
    };
    /// b* − b.
    private static final double[] E = {
        -71 / 57600.0, 0, 71 / 16695.0, -71 / 1920.0, 17253 / 339200.0, -22 / 525.0, 1 / 40.0
    };

    private static final double SAFETY = 0.9;
    private static final double LEAST_FACTOR = 0.2;
    private static final double LARGEST_FACTOR = 10;
    private static final double EXPONENT = -1 / 5.0;

    /// @throws IllegalArgumentException if a tolerance is not positive, or the longest step not in (0, 1]
    public DormandPrince {
        if (!(longest > 0 && longest <= 1)) {
            throw new IllegalArgumentException("the dopri5 sampler's longest step must be in (0, 1], got " + longest);
        }
        if (!(absolute > 0 && relative > 0)) {
            throw new IllegalArgumentException(
                    "the dopri5 sampler's tolerances must be positive, got " + absolute + " and " + relative);
        }
    }

    /// One sample under way.
    private static final class Path {
        private double t = 1;
        private double h;
        private boolean rejected;
        private final double[][] k = new double[C.length][];
    }

    @Override
    public void run(Drift drift, double[] x, Increments increments, Progress progress) {
        Path[] paths = new Path[drift.samples()];
        Arrays.setAll(paths, i -> new Path());
        start(drift, x, paths);
        double done = 0;
        for (int[] active = active(paths); active.length > 0; active = active(paths)) {
            for (int row : active) {
                cut(paths[row], row);
            }
            double[] next = stages(drift, x, paths, active);
            for (int i = 0; i < active.length; i++) {
                judge(paths[active[i]], x, active[i], next, i, drift.size());
            }
            done = Math.max(
                    done,
                    1 - Arrays.stream(paths).mapToDouble(p -> p.t).average().orElse(0));
            progress.at(done);
        }
    }

    private static int[] active(Path[] paths) {
        return IntStream.range(0, paths.length).filter(i -> paths[i].t > 0).toArray();
    }

    /// k₁ and the first step of every sample.
    private void start(Drift drift, double[] x, Path[] paths) {
        int n = paths.length;
        int size = drift.size();
        int[] rows = active(paths);
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        double[] first = drift.ode(rows, x, ones);
        double[] trial = new double[n];
        double[] moved = x.clone();
        double[] t = new double[n];
        double[] largest = new double[n];
        for (int row = 0; row < n; row++) {
            int at = row * size;
            double d0 = 0;
            double d1 = 0;
            for (int j = at; j < at + size; j++) {
                double scale = absolute + Math.abs(x[j]) * relative;
                d0 += square(x[j] / scale);
                d1 += square(first[j] / scale);
            }
            d0 = Math.sqrt(d0 / size);
            d1 = Math.sqrt(d1 / size);
            largest[row] = d1;
            trial[row] = Math.min(1, d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1);
            t[row] = 1 - trial[row];
            for (int j = at; j < at + size; j++) {
                moved[j] -= trial[row] * first[j];
            }
        }
        double[] second = drift.ode(rows, moved, t);
        for (int row = 0; row < n; row++) {
            int at = row * size;
            double d2 = 0;
            for (int j = at; j < at + size; j++) {
                d2 += square((second[j] - first[j]) / (absolute + Math.abs(x[j]) * relative));
            }
            d2 = Math.sqrt(d2 / size) / trial[row];
            double d1 = largest[row];
            double h = d1 <= 1e-15 && d2 <= 1e-15
                    ? Math.max(1e-6, trial[row] * 1e-3)
                    : StrictMath.pow(0.01 / Math.max(d1, d2), -EXPONENT);
            paths[row].h = Math.min(Math.min(100 * trial[row], h), 1);
            paths[row].k[0] = Arrays.copyOfRange(first, at, at + size);
        }
    }

    private static double square(double v) {
        return v * v;
    }

    /// Ends a step at t = 0 at the latest, and makes none longer than the longest.
    private void cut(Path p, int row) {
        double least = 10 * Math.ulp(p.t);
        if (!(p.h >= least)) {
            if (p.rejected || Double.isNaN(p.h)) {
                throw new IllegalStateException("the dopri5 sampler cannot go on with sample " + row
                        + " of its batch at t = " + p.t + ": the velocity is not finite, or not smooth");
            }
            p.h = least;
        }
        p.h = Math.min(Math.min(p.h, longest), p.t);
    }

    /// k₂ … k₇ of the active samples.
    ///
    /// @return the fifth-order results, one after the other
    private static double[] stages(Drift drift, double[] x, Path[] paths, int[] active) {
        int size = drift.size();
        double[] point = new double[active.length * size];
        double[] t = new double[active.length];
        for (int s = 1; s < C.length; s++) {
            for (int i = 0; i < active.length; i++) {
                Path p = paths[active[i]];
                combine(p, x, active[i] * size, A[s], point, i * size, size);
                t[i] = Math.max(0, p.t - C[s] * p.h);
            }
            double[] k = drift.ode(active, point, t);
            for (int i = 0; i < active.length; i++) {
                paths[active[i]].k[s] = Arrays.copyOfRange(k, i * size, (i + 1) * size);
            }
        }
        return point;
    }

    /// x + h·Σ weights_j·k_j; h is a length here, and time runs down.
    private static void combine(Path p, double[] x, int xAt, double[] weights, double[] into, int at, int size) {
        for (int j = 0; j < size; j++) {
            double sum = 0;
            for (int m = 0; m < weights.length; m++) {
                sum += weights[m] * p.k[m][j];
            }
            into[at + j] = x[xAt + j] - p.h * sum;
        }
    }

    /// Takes a step or rejects it, and chooses the next one.
    private void judge(Path p, double[] x, int row, double[] next, int i, int size) {
        double sum = 0;
        for (int j = 0; j < size; j++) {
            double e = 0;
            for (int m = 0; m < E.length; m++) {
                e += E[m] * p.k[m][j];
            }
            double scale = absolute + relative * Math.max(Math.abs(x[row * size + j]), Math.abs(next[i * size + j]));
            sum += square(p.h * e / scale);
        }
        double error = Math.sqrt(sum / size);
        double factor = SAFETY * StrictMath.pow(error, EXPONENT);
        if (error < 1) {
            System.arraycopy(next, i * size, x, row * size, size);
            p.t = p.h == p.t ? 0 : p.t - p.h;
            p.h *= Math.min(p.rejected ? 1 : LARGEST_FACTOR, factor);
            p.rejected = false;
            p.k[0] = p.k[C.length - 1];
        } else {
            p.h *= Math.max(LEAST_FACTOR, factor);
            p.rejected = true;
        }
    }
}
