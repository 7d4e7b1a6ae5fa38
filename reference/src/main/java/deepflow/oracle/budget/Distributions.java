package deepflow.oracle.budget;

import java.util.function.DoubleUnaryOperator;

/// Quantiles of the F, t and normal distributions, and the variance of a logarithm of χ²: by series and bisection, to
/// ten digits or so.
final class Distributions {
    private static final int BISECTIONS = 200;
    private static final int FRACTIONS = 10_000;
    private static final double CONVERGED = 1e-14;
    private static final double TINY = 1e-300;
    /// Degrees of freedom at which t is normal for our purposes.
    private static final double MANY = 20_000;

    private Distributions() {}

    /// What an F-distributed number with (n, m) degrees of freedom exceeds with probability `risk`.
    static double exceededF(double n, double m, double risk) {
        // I_{m/(m + n·x)}(m/2, n/2) is the probability to exceed x, and falls with x
        return falling(x -> incompleteBeta(m / 2, n / 2, m / (m + n * x)), risk, 1e-12, 1e12);
    }

    /// What a t-distributed number exceeds with probability `risk`, less than ½.
    static double exceededT(double freedom, double risk) {
        return Math.sqrt(exceededF(1, freedom, 2 * risk));
    }

    /// What a standard normal number exceeds with probability `risk`, less than ½.
    static double exceededNormal(double risk) {
        return exceededT(MANY, risk);
    }

    /// The degrees of freedom ν for which the logarithm of χ²/ν has this variance: ψ₁(ν/2) = variance.
    static double freedomOfLogarithm(double variance) {
        return 2 * falling(Distributions::trigamma, variance, 1e-6, 1e12);
    }

    /// ψ₁(x) = Σ 1/(x + k)², by recurrence and Stirling's series.
    static double trigamma(double x) {
        double sum = 0;
        double z = x;
        while (z < 20) {
            sum += 1 / (z * z);
            z++;
        }
        double s = 1 / (z * z);
        return sum + 1 / z + s / 2 + s / z * (1.0 / 6 - s * (1.0 / 30 - s / 42));
    }

    /// Where a falling function of a positive argument has a value.
    private static double falling(DoubleUnaryOperator f, double value, double low, double high) {
        double a = StrictMath.log(low);
        double b = StrictMath.log(high);
        for (int i = 0; i < BISECTIONS && b - a > CONVERGED; i++) {
            double middle = (a + b) / 2;
            if (f.applyAsDouble(StrictMath.exp(middle)) > value) {
                a = middle;
            } else {
                b = middle;
            }
        }
        return StrictMath.exp((a + b) / 2);
    }

    /// The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's method).
    static double incompleteBeta(double a, double b, double x) {
        if (x <= 0) {
            return 0;
        }
        if (x >= 1) {
            return 1;
        }
        double front = StrictMath.exp(
                logGamma(a + b) - logGamma(a) - logGamma(b) + a * StrictMath.log(x) + b * StrictMath.log1p(-x));
        return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a : 1 - front * fraction(b, a, 1 - x) / b;
    }

    private static double fraction(double a, double b, double x) {
        double c = 1;
        double d = 1 / away(1 - (a + b) * x / (a + 1));
        double h = d;
        for (int m = 1; m < FRACTIONS; m++) {
            double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / away(1 + even * d);
            c = away(1 + even / c);
            h *= d * c;
            double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / away(1 + odd * d);
            c = away(1 + odd / c);
            double change = d * c;
            h *= change;
            if (Math.abs(change - 1) < CONVERGED) {
                break;
            }
        }
        return h;
    }

    private static double away(double x) {
        return Math.abs(x) < TINY ? TINY : x;
    }

    /// ln Γ(x), by recurrence and Stirling's series.
    private static double logGamma(double x) {
        double shift = 0;
        double z = x;
        while (z < 20) {
            shift += StrictMath.log(z);
            z++;
        }
        double s = 1 / (z * z);
        double series = (1.0 / 12 - s * (1.0 / 360 - s / 1260)) / z;
        return (z - 0.5) * StrictMath.log(z) - z + 0.5 * StrictMath.log(2 * Math.PI) + series - shift;
    }
}
