package deepflow.oracle.verification;

import deepflow.autograd.Variable;

/// How far numbers are from what they should be: the largest difference over the largest expected magnitude. Where all
/// expected numbers are 0 it is the largest difference itself. NaN anywhere makes it NaN, which is within no bound.
public final class RelativeError {
    private RelativeError() {}

    /// @param actual as many numbers as expected
    public static double of(double[] actual, double[] expected) {
        if (actual.length != expected.length) {
            throw new IllegalArgumentException(
                    actual.length + " numbers cannot be compared with " + expected.length + " expected ones");
        }
        double difference = 0;
        double magnitude = 0;
        for (int i = 0; i < actual.length; i++) {
            difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
            magnitude = Math.max(magnitude, Math.abs(expected[i]));
        }
        return magnitude == 0 ? difference : difference / magnitude;
    }

    /// [#of(double[], double[])] of two values of equal shape.
    public static double of(Values actual, Values expected) {
        if (!actual.shape().equals(expected.shape())) {
            throw new IllegalArgumentException(
                    "shape " + actual.shape() + " cannot be compared with the expected " + expected.shape());
        }
        return of(actual.elements(), expected.elements());
    }

    /// [#of(double[], double[])] of two computed variables of equal shape.
    public static double of(Variable actual, Variable expected) {
        return of(Values.of(actual.backend(), actual.value()), Values.of(expected.backend(), expected.value()));
    }
}
