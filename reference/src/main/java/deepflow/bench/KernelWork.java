package deepflow.bench;

import deepflow.cost.MetaBackend;
import deepflow.cost.Product;
import deepflow.model.ModelConfig;
import deepflow.tensor.AdamWStep;
import deepflow.tensor.Attended;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Normalized;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Single operations, in the extents they have in a training step of a model.
final class KernelWork {
    private static final int[] SQUARES = {512, 1024, 1536, 2048};
    /// Products with less than this share of a step's multiply-adds are left out.
    private static final double WORTHWHILE = 0.01;
    /// Elements of a tensor that no cache holds.
    private static final int LARGE = 1 << 24;

    private final ModelConfig c;
    private final int samples;

    KernelWork(ModelConfig c, int samples) {
        this.c = c;
        this.samples = samples;
    }

    /// By name, in the order in which `all` runs them.
    Map<String, List<Work>> byName() {
        int heads = samples * c.heads();
        int tokens = c.tokens();
        int head = c.width() / c.heads();
        int[] rows = {samples, tokens, c.width()};
        int[] hidden = {samples, tokens, 4 * c.width()};
        Map<String, List<Work>> all = new LinkedHashMap<>();
        all.put("gemm", products());
        List<Work> single = new ArrayList<>();
        Map<String, Integer> attended = new LinkedHashMap<>();
        attended.put("batches", heads);
        attended.put("tokens", tokens);
        attended.put("head", head);
        double scale = 1 / Math.sqrt(head);
        single.add(Work.operation("attention", attended, in -> {
            Tensor q = in.normal(heads, tokens, head);
            return () -> in.b().attention(q, q, q, scale);
        }));
        single.add(Work.operation("attention_backward", attended, in -> {
            Tensor q = in.normal(heads, tokens, head);
            Attended y = in.b().attention(q, q, q, scale);
            return () -> in.b().attentionBackward(q, q, q, scale, y, q);
        }));
        single.add(map("layer_norm", rows, (b, x) -> b.layerNorm(x, 1e-6).y()));
        single.add(Work.operation("layer_norm_backward", sizes(rows), in -> {
            Tensor x = in.normal(rows);
            Normalized n = in.b().layerNorm(x, 1e-6);
            return () -> in.b().layerNormBackward(n, x);
        }));
        single.add(map("softmax", new int[] {heads, tokens, tokens}, Backend::softmax));
        single.add(map("gelu", hidden, Backend::gelu));
        single.add(map("gelu_backward", hidden, (b, x) -> b.geluBackward(x, x)));
        single.add(map("silu", hidden, Backend::silu));
        single.add(map("add", rows, (b, x) -> b.add(x, x)));
        single.add(map("permute", new int[] {samples, tokens, c.heads(), head}, (b, x) -> b.permute(x, 0, 2, 1, 3)));
        single.add(Work.operation("adamw", Map.of("elements", LARGE), in -> {
            Tensor w = in.normal(LARGE);
            Tensor m = in.b().full(w.shape(), 0);
            Tensor v = in.b().full(w.shape(), 0);
            AdamWStep step = new AdamWStep(1e-4, 0.9, 0.999, 1e-8, 0, 1);
            return () -> in.b().adamW(w, w, m, v, step);
        }));
        single.add(map("copy", new int[] {LARGE}, Backend::copy));
        single.forEach(work -> all.put(work.what(), List.of(work)));
        return all;
    }

    /// An operation on one tensor.
    private interface Operation {
        Tensor on(Backend b, Tensor x);
    }

    private static Work map(String what, int[] shape, Operation operation) {
        return Work.operation(what, sizes(shape), in -> {
            Tensor x = in.normal(shape);
            return () -> operation.on(in.b(), x);
        });
    }

    private static Map<String, Integer> sizes(int... shape) {
        Map<String, Integer> sizes = new LinkedHashMap<>();
        sizes.put("rows", product(shape) / Math.max(1, shape[shape.length - 1]));
        sizes.put("columns", shape[shape.length - 1]);
        return sizes;
    }

    private static int product(int... shape) {
        int product = 1;
        for (int d : shape) {
            product = Math.multiplyExact(product, d);
        }
        return product;
    }

    /// Squares, and the products of a training step, largest share first.
    private List<Work> products() {
        List<Work> all = new ArrayList<>();
        for (int n : SQUARES) {
            all.add(product(new Product(1, n, n, n, false, false), 0));
        }
        MetaBackend b = new MetaBackend(DType.F32);
        StepWork.training(c, samples).prepared().apply(new Inputs(b, false)).run();
        double together = b.cost().multiplyAdds();
        b.products().entrySet().stream()
                .filter(e -> e.getKey().multiplyAdds() * e.getValue() >= WORTHWHILE * together)
                .sorted(Comparator.comparing(e -> -e.getKey().multiplyAdds() * e.getValue()))
                .forEach(e -> all.add(product(e.getKey(), Math.toIntExact(e.getValue()))));
        return all;
    }

    /// @param calls of it in a training step; 0 if it is not from one
    static Work product(Product p, int calls) {
        Map<String, Integer> sizes = new LinkedHashMap<>();
        sizes.put("batches", p.batches());
        sizes.put("m", p.m());
        sizes.put("n", p.n());
        sizes.put("k", p.k());
        sizes.put("transpose_a", p.transposeA() ? 1 : 0);
        sizes.put("transpose_b", p.transposeB() ? 1 : 0);
        sizes.put("calls", calls);
        return Work.operation("gemm", sizes, in -> {
            Tensor x = p.transposeA() ? in.normal(p.batches(), p.k(), p.m()) : in.normal(p.batches(), p.m(), p.k());
            Tensor y = p.transposeB() ? in.normal(p.batches(), p.n(), p.k()) : in.normal(p.batches(), p.k(), p.n());
            return () -> in.b().matmul(x, p.transposeA(), y, p.transposeB());
        });
    }
}
