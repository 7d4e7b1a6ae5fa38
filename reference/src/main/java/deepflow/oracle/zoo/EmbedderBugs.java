package deepflow.oracle.zoo;

import static deepflow.autograd.Layout.permute;
import static deepflow.autograd.Layout.reshape;

import deepflow.autograd.Layout;
import deepflow.autograd.Pointwise;
import deepflow.autograd.Products;
import deepflow.autograd.Variable;
import deepflow.equation.Interpolant;
import deepflow.model.ModelConfig;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/// Mistakes in the embeddings of times, labels, positions and patches.
final class EmbedderBugs {
    private static final String TIME =
            Zoo.any(Zoo.act("t_embedder\\.mlp\\.0"), Zoo.grad("t_embedder\\.mlp\\.0\\.weight"));
    private static final String TIMES =
            Zoo.any(Zoo.act("(d?t_embedder)\\.mlp\\.0"), Zoo.grad("(d?t_embedder)\\.mlp\\.0\\.weight"));
    private static final String GAP =
            Zoo.any(Zoo.act("dt_embedder\\.mlp\\.0"), Zoo.grad("dt_embedder\\.mlp\\.0\\.weight"));
    private static final String POSITIONS = Zoo.act("blocks\\.0\\.norm1", "blocks\\.0", ".*layer_norm");
    private static final String PATCHES = Zoo.any(Zoo.act("x_embedder\\.proj"), Zoo.grad("x_embedder\\.proj\\.weight"));

    /// SiLU of a branch's condition.
    static final String CONDITIONED = "(blocks\\.\\d+|final_layer(\\.\\d)?|final_acc_layer)\\.adaLN_modulation\\.0";

    static final List<Bug> ALL = List.of(
            times(
                    "time-scaled",
                    "Times are multiplied by 1000 before they are embedded, as diffusion's steps are; here t stays in [0, 1].",
                    "the argument of the time embedder",
                    TIMES,
                    (t, j) -> Formulas.right(1000 * t, j)),
            times(
                    "sinusoids-swapped",
                    "A time embedding is [sin, cos]; it should be [cos, sin].",
                    "the order in which cos and sin are concatenated",
                    TIMES,
                    (t, j) -> Formulas.right(t, (j + 128) % 256)),
            times(
                    "frequencies-closed",
                    "Frequencies of the time embedding end at 1/10000 (exponents j/127); they should be j/128.",
                    "the denominator in exp(−ln(10000)·j/128)",
                    TIMES,
                    (t, j) -> {
                        double a = t * StrictMath.exp(-StrictMath.log(10000) * (j % 128) / 127);
                        return j < 128 ? StrictMath.cos(a) : StrictMath.sin(a);
                    }),
            times(
                    "time-reversed",
                    "The embedder is given 1 − t, as SiT's convention has it; t = 1 is noise here.",
                    "the direction of time",
                    TIME,
                    (t, j) -> Formulas.right(1 - t, j)),
            times(
                    "gap-sign",
                    "The time gap is t_i − t_{i+1}; it should be t_{i+1} − t_i.",
                    "the subtraction before dt_embedder",
                    GAP,
                    (t, j) -> Formulas.right(-t, j)),
            new Bug(
                    "gap-is-time",
                    Bug.Area.EMBEDDER,
                    "dt_embedder is given the next branch's time; it should be given the gap t_{i+1} − t_i.",
                    "the argument of dt_embedder",
                    List.of(8),
                    GAP,
                    (c, a) -> gaps(c),
                    new Mistake.Output(
                            "dt_embedder\\.mlp\\.0",
                            (s, call, y) -> Formulas.sinusoids(
                                    s,
                                    call,
                                    s.backend().download(s.batch().t().get(call.index() + 1)),
                                    Formulas::right))),
            new Bug(
                    "time-of-branch-before",
                    Bug.Area.EMBEDDER,
                    "A branch's condition is made of the time of the branch before: an index is off by one.",
                    "which t_i is embedded for a branch",
                    List.of(5),
                    TIME,
                    (c, a) -> c.k() > 1,
                    new Mistake.Output(
                            "t_embedder\\.mlp\\.0",
                            (s, call, y) -> call.index() == 0
                                    ? y
                                    : Formulas.sinusoids(
                                            s,
                                            call,
                                            s.backend().download(s.batch().t().get(call.index() - 1)),
                                            Formulas::right))),
            new Bug(
                    "embedder-activation-missing",
                    Bug.Area.EMBEDDER,
                    "There is no SiLU between the two layers of a time embedder.",
                    "t_embedder.mlp.1",
                    List.of(),
                    Zoo.any(
                            Zoo.act("d?t_embedder\\.mlp\\.1"),
                            Zoo.act("d?t_embedder(\\.mlp\\.2)?"),
                            Zoo.gradact("d?t_embedder\\.mlp\\.0"),
                            Zoo.grad("d?t_embedder\\.mlp\\.2\\.weight")),
                    (c, a) -> true,
                    new Mistake.Output(
                            "d?t_embedder\\.mlp\\.1",
                            (s, call, y) -> Formulas.same(s.output(call.up(1).in("0"))))),
            new Bug(
                    "labels-all-null",
                    Bug.Area.EMBEDDER,
                    "Every label is replaced by the null class: dropout with probability 1, or its mask inverted.",
                    "label dropout",
                    List.of(2, 3),
                    Zoo.any(Zoo.act("y_embedder", "y_embedder\\.embedding_table"), Zoo.grad("y_embedder\\..*")),
                    (c, a) -> c.classes() > 0,
                    new Mistake.Loss(new LossForm() {
                        @Override
                        public Tensor labels(Scene s, int classes) {
                            Tensor y = s.batch().y();
                            int[] nulls = new int[Math.toIntExact(y.size())];
                            Arrays.fill(nulls, classes);
                            return s.backend().uploadIndices(nulls, y.shape());
                        }
                    })),
            new Bug(
                    "labels-shifted",
                    Bug.Area.EMBEDDER,
                    "Labels are off by one row of the table: rows are counted from 1, or the null class is put first.",
                    "the rows of y_embedder.embedding_table; the null class is the last",
                    List.of(2, 3),
                    Zoo.any(Zoo.act("y_embedder", "y_embedder\\.embedding_table"), Zoo.grad("y_embedder\\..*")),
                    (c, a) -> c.classes() > 0,
                    new Mistake.Loss(new LossForm() {
                        @Override
                        public Tensor labels(Scene s, int classes) {
                            Tensor y = s.batch().y();
                            double[] labels = s.backend().download(y);
                            int[] next = new int[labels.length];
                            Arrays.setAll(next, i -> ((int) labels[i] + 1) % (classes + 1));
                            return s.backend().uploadIndices(next, y.shape());
                        }
                    })),
            positions(
                    "positions-transposed",
                    "The position table encodes the row first; its first half should encode the column.",
                    "the order of the meshgrid in pos_embed",
                    Bug.Area.LAYOUT,
                    (b, table) -> {
                        int d = table.shape().dim(2);
                        return b.concat(2, List.of(b.slice(table, 2, d / 2, d), b.slice(table, 2, 0, d / 2)));
                    }),
            positions(
                    "positions-missing",
                    "pos_embed is not added to the patches.",
                    "the sum behind x_embedder",
                    Bug.Area.EMBEDDER,
                    (b, table) -> b.scale(table, 0)),
            positions(
                    "positions-interleaved",
                    "Sines and cosines of the position table alternate; all sines come first, then all cosines.",
                    "how the halves of the 1-D tables are put together",
                    Bug.Area.LAYOUT,
                    (b, table) -> {
                        int t = table.shape().dim(1);
                        int d = table.shape().dim(2);
                        // (half, sin or cos, j) → (half, j, sin or cos)
                        Tensor five = table.reshape(1, t, 2, 2, d / 4);
                        return b.permute(five, 0, 1, 2, 4, 3).reshape(1, t, d);
                    }),
            new Bug(
                    "patch-transposed",
                    Bug.Area.LAYOUT,
                    "Rows and columns inside a patch are swapped before it is embedded.",
                    "the permutation in patchify",
                    List.of(),
                    PATCHES,
                    (c, a) -> c.patch() > 1,
                    new Mistake.Output("x_embedder\\.proj", (s, call, y) -> patches(s, 0, 2, 4, 1, 5, 3))),
            new Bug(
                    "tokens-column-major",
                    Bug.Area.LAYOUT,
                    "Tokens run down the columns of the grid; they run along its rows.",
                    "flatten and transpose behind the patch convolution",
                    List.of(),
                    Zoo.any(Zoo.act("x_embedder", "blocks\\.0\\.norm1"), Zoo.gradact("x_embedder\\.proj")),
                    (c, a) -> c.grid() > 1,
                    new Mistake.Output("x_embedder", (s, call, y) -> {
                        int n = y.shape().dim(0);
                        int g = s.config().grid();
                        int d = y.shape().dim(2);
                        return reshape(permute(reshape(y, n, g, g, d), 0, 2, 1, 3), n, g * g, d);
                    })),
            new Bug(
                    "patch-channels-last",
                    Bug.Area.LAYOUT,
                    "A patch's numbers are ordered (row, column, channel) before they meet the weights, which expect"
                            + " (channel, row, column).",
                    "the permutation in patchify",
                    List.of(),
                    PATCHES,
                    (c, a) -> c.patch() > 1 && c.channels() > 1,
                    new Mistake.Output("x_embedder\\.proj", (s, call, y) -> patches(s, 0, 2, 4, 3, 5, 1))),
            new Bug(
                    "condition-without-label",
                    Bug.Area.EMBEDDER,
                    "The condition is the time embedding alone; the label's is to be added.",
                    "c = t_emb + y_emb",
                    List.of(3),
                    Zoo.any(
                            Zoo.act(".*(blocks\\.\\d+|final\\w*layer(\\.\\d)?)\\.adaLN_modulation\\.[01]"),
                            Zoo.gradact("y_embedder.*"),
                            Zoo.grad("y_embedder\\..*")),
                    (c, a) -> c.classes() > 0 && Zoo.plain(c),
                    new Mistake.Output(CONDITIONED, (s, call, y) -> Pointwise.silu(s.time(conditionedBy(s, call))))));

    private EmbedderBugs() {}

    private static boolean gaps(ModelConfig c) {
        return c.k() > 1 && c.parts().timeGap();
    }

    /// Which branch's condition a modulation has.
    static int conditionedBy(StepSoFar s, Call call) {
        if (call.path().startsWith("blocks.")) {
            return s.branch(call.number("blocks"));
        }
        return call.path().startsWith("final_layer.1") ? s.config().k() - 1 : call.index();
    }

    private static Bug times(String name, String says, String look, String strikes, Formulas.Sinusoid sinusoid) {
        boolean gap = strikes.equals(GAP);
        return new Bug(
                name,
                Bug.Area.EMBEDDER,
                says,
                look,
                gap ? List.of(8) : List.of(),
                strikes,
                (c, a) -> !gap || gaps(c),
                new Mistake.Output(
                        gap
                                ? "dt_embedder\\.mlp\\.0"
                                : strikes.equals(TIME) ? "t_embedder\\.mlp\\.0" : "d?t_embedder\\.mlp\\.0",
                        (s, call, y) -> Formulas.sinusoids(s, call, Formulas.times(s, call), sinusoid)));
    }

    private static Bug positions(
            String name, String says, String look, Bug.Area area, Mistake.Parameter.Reading reading) {
        return new Bug(
                name,
                area,
                says,
                look,
                List.of(),
                POSITIONS,
                (c, a) -> c.grid() > 1,
                new Mistake.Parameter("pos_embed", reading));
    }

    /// The patch convolution of patches whose axes (N, C, rows, p, columns, p) are permuted otherwise.
    private static Variable patches(StepSoFar s, int... axes) {
        ModelConfig c = s.config();
        Variable x0 = s.tape().constant(s.batch().x0());
        Variable x1 = s.tape().constant(s.batch().x1());
        Variable x = Interpolant.at(s.objective().path(), x0, x1, s.batch().t().getFirst());
        int n = x.shape().dim(0);
        int g = c.grid();
        int p = c.patch();
        int numbers = c.channels() * p * p;
        Variable cut = Layout.permute(Layout.reshape(x, n, c.channels(), g, p, g, p), axes);
        Variable tokens = Products.linear(
                Layout.reshape(cut, n, g * g, numbers),
                Layout.reshape(s.parameter("x_embedder.proj.weight"), c.width(), numbers),
                s.parameter("x_embedder.proj.bias"));
        return Layout.reshape(Layout.permute(tokens, 0, 2, 1), n, c.width(), g, g);
    }
}
