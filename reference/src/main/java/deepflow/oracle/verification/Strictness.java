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
    /// As good as central differences get with the best step: 1000 units to the power 2/3.
    DIFFERENCES {
        @Override
        public double bound(DType dtype) {
            return 1000 * Math.pow(unit(dtype), 2.0 / 3);
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

    /// The step for central differences of numbers of size 1: the cube root of the rounding unit, as a power of two.
    static double step(DType dtype) {
        return switch (dtype) {
            case F32 -> 0x1p-8;
            default -> 0x1p-17;
        };
    }
}
