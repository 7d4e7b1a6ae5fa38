package deepflow.oracle.verification;

import deepflow.tensor.DType;

/// How well a check must come out, in units of the back end's rounding.
public enum Strictness {
    /// The same bits.
    EXACT {
        @Override
        public double bound(DType dtype) {
            return 0;
        }
    },
    /// Equal but for rounding: 1000 units.
    ROUNDING {
        @Override
        public double bound(DType dtype) {
            return 1000 * unit(dtype);
        }
    },
    /// As good as central differences of fourth order get with the best step: 10000 times the unit to the
    /// power 4/5.
    DIFFERENCES {
        @Override
        public double bound(DType dtype) {
            return 10_000 * Math.pow(unit(dtype), 0.8);
        }
    };

    /// The largest error that passes.
    public abstract double bound(DType dtype);

    /// Half the distance from 1 to the next number.
    private static double unit(DType dtype) {
        return switch (dtype) {
            case F32 -> 0x1p-24;
            default -> 0x1p-53;
        };
    }

    /// The step for central differences of fourth order, for numbers of size 1: the fifth root of the rounding unit, as
    /// a power of two, where truncation (h⁴) and rounding (unit/h) are about equal.
    static double step(DType dtype) {
        return switch (dtype) {
            case F32 -> 0x1p-5;
            default -> 0x1p-10;
        };
    }
}
