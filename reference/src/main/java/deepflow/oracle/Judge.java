package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Compares a dump's tensors with the truth, one finding for each.
///
/// @param dump what is judged
/// @param threshold largest relative error that is accepted
/// @param histograms counts the errors of every tensor that is compared
record Judge(Dump dump, double threshold, ErrorHistograms histograms) {
    private static final Set<Family> GIVEN =
            EnumSet.of(Family.IN, Family.WEIGHT, Family.BEFORE_M, Family.BEFORE_V, Family.BEFORE_EMA);
    private static final Set<Family> OUTPUTS = EnumSet.of(Family.ACT, Family.GRADACT);

    Judge(Dump dump, double threshold) {
        this(dump, threshold, ErrorHistograms.NONE);
    }

    /// @param truths everything the step has, in graph order
    CheckResult judge(List<Truth> truths) {
        List<Finding> findings = new ArrayList<>();
        Set<String> known = new HashSet<>();
        for (Truth truth : truths) {
            known.add(truth.name());
            Finding finding = dump.has(truth.name()) ? presence(truth) : absence(truth);
            if (finding != null) {
                findings.add(finding);
            }
        }
        dump.names().stream()
                .filter(name -> !known.contains(name))
                .sorted()
                .forEach(name -> unexpected(name, findings));
        if (truths.stream().noneMatch(truth -> dump.has(truth.name()))) {
            throw new FormatException(
                    dump.path() + ": the dump holds nothing that could be judged; results are called act.*,"
                            + " gradact.*, out.*, loss.*, grad.* and after.*.");
        }
        return new CheckResult(dump.path().toString(), dump.metadata(), threshold, findings, absent());
    }

    private static void unexpected(String name, List<Finding> findings) {
        Optional<Family> family = Family.byName(name);
        if (family.filter(GIVEN::contains).isEmpty()) {
            // other modules may have outputs that ours have not; a result that the step cannot have is wrong
            boolean counts = family.filter(OUTPUTS::contains).isEmpty();
            findings.add(Finding.uncompared(name, Finding.Status.UNEXPECTED, "the step has no such tensor", counts));
        }
    }

    private Finding presence(Truth truth) {
        String name = truth.name();
        if (!fits(dump.info(name).shape(), truth)) {
            String shapes = "has shape " + Arrays.toString(dump.info(name).shape()) + ", expected " + truth.shape();
            return Finding.uncompared(name, Finding.Status.SHAPE, shapes, true);
        }
        if (!dump.info(name).type().isFloating()) {
            String type = "has type " + dump.info(name).type() + ", expected floating-point numbers";
            return Finding.uncompared(name, Finding.Status.WRONG, type, true);
        }
        Norm scale = truth.scale().get();
        Supplier<double[]> right = truth.values();
        Errors e = right instanceof NearDump near && near.isBeside(dump)
                ? near.errors().against(scale)
                : Errors.between(dump.read(name), right.get(), scale);
        if (truth.alternative() != null && !e.within(threshold)) {
            Errors other = Errors.between(dump.read(name), truth.alternative().get(), scale);
            right = other.within(threshold) ? truth.alternative() : right;
            e = other.within(threshold) ? other : e;
        }
        if (histograms != ErrorHistograms.NONE) {
            histograms.count(name, dump.read(name), right.get(), e.size().max(scale));
        }
        Finding.Status status = e.nonFinite() >= 0
                ? Finding.Status.NOT_FINITE
                : e.within(threshold) ? Finding.Status.OK : Finding.Status.WRONG;
        String where = e.at() < 0 ? "" : index(e.at(), truth.shape().dims());
        return new Finding(name, status, e.relative(), e.largest(), where, status != Finding.Status.OK);
    }

    private @Nullable Finding absence(Truth truth) {
        Family family = Family.byName(truth.name()).orElseThrow();
        if (!dump.has(family) || truth.when() == Truth.Absence.FINE) {
            return null;
        }
        boolean counts = truth.when() == Truth.Absence.FINDING;
        if (counts && Arrays.stream(truth.values().get()).allMatch(v -> v == 0)) {
            return null; // what is zero everywhere need not be written: a parameter the loss does not reach
        }
        return Finding.uncompared(truth.name(), Finding.Status.MISSING, "not in the dump", counts);
    }

    /// Whether a dumped shape is the truth's: equal; or (1) for a number; or, for projectors, tokens of all samples in
    /// one axis.
    private static boolean fits(long[] dims, Truth truth) {
        Shape shape = truth.shape();
        long[] expected = Arrays.stream(shape.dims()).asLongStream().toArray();
        if (Arrays.equals(dims, expected)) {
            return true;
        }
        if (shape.rank() == 0) {
            return dims.length == 1 && dims[0] == 1;
        }
        boolean flat = truth.name().contains(".projectors.") && shape.rank() == 3 && dims.length == 2;
        return flat && dims[0] == expected[0] * expected[1] && dims[1] == expected[2];
    }

    /// A flat index as one of rows, columns and so on: `[0, 3, 1]`.
    static String index(int flat, int... dims) {
        int[] index = new int[dims.length];
        int rest = flat;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            index[axis] = rest % dims[axis];
            rest /= dims[axis];
        }
        return Arrays.toString(index);
    }

    private List<String> absent() {
        List<String> absent = new ArrayList<>();
        for (Family family : EnumSet.of(Family.ACT, Family.GRADACT, Family.OUT, Family.LOSS, Family.GRAD)) {
            if (!dump.has(family)) {
                absent.add(family.prefix() + "*");
            }
        }
        for (Family family : Family.STEPPED) {
            if (!dump.has(family) && Family.STEPPED.stream().anyMatch(dump::has)) {
                absent.add(family.prefix() + "*");
            }
        }
        if (Family.STEPPED.stream().noneMatch(dump::has)) {
            absent.add("after.*");
        }
        return absent;
    }
}
