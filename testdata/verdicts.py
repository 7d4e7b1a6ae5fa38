"""Repeats the tables of docs/verdict.md: right steps, which must be consistent, and wrong ones, which must not.

    venv/bin/python testdata/verdicts.py right FOLDER [SEEDS]   (packages as for make_steps.py; 20 seeds: 450 MB)
    venv/bin/python testdata/verdicts.py wrong FOLDER
    ./deepflow check --json FOLDER/*-bf16-*.safetensors > bf16.json     (one JVM for each precision)
    venv/bin/python testdata/verdicts.py table bf16.json …

A wrong step comes from the peer's source with one place changed, or from its file with one tensor changed. `tf32` is
emulated: PyTorch computes in float32, and the inputs of its products are rounded first, backward too.
"""
import contextlib
import inspect
import io
import json
import math
import pathlib
import re
import sys
import types

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here / "peer"))

SEEDS = 20
FIRST_SEED = 1000
ODD = dict(size=6, patch=2, channels=1, classes=3, width=36, depth=3, heads=4, k=3, acc=20)

# name: old text, new text, where the first wrong operation is
CODE = {
    "half_eq7": ("0.5 * a * d ** 2", "a * d ** 2", r"loss\.acc"),
    "gap_sign": ("ts[branch + 1] - ts[branch]", "ts[branch] - ts[branch + 1]", r"act\.dt_embedder"),
    "swap_qk": ("q, k, v = self.qkv", "k, q, v = self.qkv", r"act\.blocks\.0\.attn\.proj"),
    "erf_gelu": ('F.gelu(self.fc1(x), approximate="tanh")', "F.gelu(self.fc1(x))", r"act\.blocks\.0\.mlp\.fc2"),
    "eps5": ("eps=1e-6", "eps=1e-5", r"act\.blocks\.0\.norm1"),
    "beta_wrong": ("zip(betas, vs)", "zip(betas[::-1], vs)", r"loss\.deep"),
    "no_detach": ("vs[i].detach()", "vs[i]", r"grad.*final_layer"),
    "pos_transposed": (
        "+ self.pos_embed",
        "+ self.pos_embed.view(1, self.size // self.patch, self.size // self.patch, -1)"
        ".transpose(1, 2).reshape(self.pos_embed.shape)",
        r"act\.blocks\.0\.norm1"),
    "unpatch_cpp": (
        "x.view(b, g, g, p, p, c).permute(0, 5, 1, 3, 2, 4)", "x.view(b, g, g, c, p, p).permute(0, 3, 1, 4, 2, 5)",
        r"out\.velocity\.0"),
    "qkv_interleaved": (
        "view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)",
        "view(b, n, self.heads, 3, d // self.heads).permute(3, 0, 2, 1, 4)", r"act\.blocks\.0\.attn\.proj"),
    "gate_swap": ("s1, g1, a1, s2, g2, a2 = self", "s1, g1, a2, s2, g2, a1 = self", r"act\.blocks\.0\.(norm2|attn)"),
    "scale_shift_swap": (
        "return x * (1 + scale[:, None]) + shift[:, None]", "return x * (1 + shift[:, None]) + scale[:, None]",
        r"act\.blocks\.0\.attn\.qkv"),
    "no_one_plus": ("x * (1 + scale[:, None])", "x * scale[:, None]", r"act\.blocks\.0\.attn\.qkv"),
    "cos_sin_swap": ("torch.cat([a.cos(), a.sin()], -1)", "torch.cat([a.sin(), a.cos()], -1)", r"t_embedder\.mlp\.0"),
    "freq_half_minus1": ("dtype=wide) / half)", "dtype=wide) / (half - 1))", r"act\.t_embedder\.mlp\.0"),
    "t1000": ("a = t.to(wide)[:, None]", "a = 1000 * t.to(wide)[:, None]", r"act\.t_embedder\.mlp\.0"),
    "attn_scale": (
        "F.scaled_dot_product_attention(q, k, v)",
        "F.scaled_dot_product_attention(q, k, v, scale=1.0 / (d // self.heads))", r"act\.blocks\.0\.attn\.proj"),
    "causal": (
        "F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q, k, v, is_causal=True)",
        r"act\.blocks\.0\.attn\.proj"),
    "kv_no_norm": (
        "self.layer_norm(space), self.layer_norm(velocity)", "self.layer_norm(space), velocity", r"cross_attention"),
    "no_residual_q": ("return q + self.multihead_attn", "return self.multihead_attn", r"cross_attention"),
    "residual_space": ("return q + self.multihead_attn", "return space + self.multihead_attn", r"cross_attention"),
    "va_order": ("torch.cat([v, a], -1)", "torch.cat([a, v], -1)", r"acc_norm\.norm_final"),
    "relu_acc": ("nn.Linear(width, acc), nn.SiLU()", "nn.Linear(width, acc), nn.GELU()", r"acc_mlp\.(1|2)"),
    "d_sign": ("d = -e(ts[i])", "d = e(ts[i])", r"loss\.acc"),
    "target_sign": ("target = x1 - x0", "target = x0 - x1", r"loss\.deep"),
    "interp_swap": ("e(t) * x1 + (1 - e(t)) * x0", "e(t) * x0 + (1 - e(t)) * x1", r"act\.x_embedder\.proj"),
    "sum_not_mean": ("((v - target) ** 2).mean()", "((v - target) ** 2).sum()", r"loss\.deep"),
    "lam_half": ("total=deep + lam * acc", "total=deep + 0.5 * lam * acc", r"loss\.total"),
    "last_layer0": ("self.final_layer[1](h, c)", "self.final_layer[0](h, c)", r"final_layer"),
    "c_stale": (
        "                c = self.t_embedder(ts[branch]) + y\n", "                self.t_embedder(ts[branch])\n",
        r"act\.blocks\.\d+\.adaLN"),
    "acc_no_c": ("self.final_acc_layer(a, c)", "self.final_acc_layer(a, c * 0)", r"final_acc_layer\.adaLN"),
    "vera_x_is_v": (
        "return a, self.cross_attention(x, ", "return a, self.cross_attention(v, ", r"cross_attention\.layer_norm"),
    "y_off": (
        "self.embedding_table(y)", "self.embedding_table((y + 1) % self.embedding_table.num_embeddings)",
        r"y_embedder"),
    "gate_missing": ("return x + a2[:, None] * self.mlp", "return x + self.mlp", r"act\.blocks\.0$"),
    "patch_transposed": (
        ".flatten(2).transpose(1, 2) + self.pos", ".transpose(2, 3).flatten(2).transpose(1, 2) + self.pos",
        r"act\.blocks\.0\.norm1"),
    "swap_vel_unpatch_hw": ("permute(0, 5, 1, 3, 2, 4)", "permute(0, 5, 2, 4, 1, 3)", r"out\.velocity"),
    "detach_v": (
        "a, h = self.df_blocks[branch](h, space,", "a, h = self.df_blocks[branch](h.detach(), space,", r"grad"),
    "softmax_no_scale": (
        "F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q, k, v, scale=1.0)",
        r"act\.blocks\.0\.attn\.proj"),
}


def zero(name):
    return lambda t: t.update({name: t[name] * 0})


def other(name, source):
    return lambda t: t.update({name: t[source]})


# name: what is done to the file's tensors, where
FILE = {
    "zero_qkv": (zero("act.blocks.1.attn.qkv"), r"act\.blocks\.1\.attn\.qkv"),
    "zero_grad": (zero("grad.blocks.1.attn.qkv.weight"), r"grad\.blocks\.1\.attn\.qkv\.weight"),
    "zero_gradact": (zero("gradact.blocks.1.mlp.fc1"), r"gradact\.blocks\.1\.mlp\.fc1"),
    "stale_block": (other("act.blocks.2", "act.blocks.1"), r"act\.blocks\.2"),
    "stale_grad": (
        other("grad.blocks.2.mlp.fc1.weight", "grad.blocks.3.mlp.fc1.weight"), r"grad\.blocks\.2\.mlp\.fc1\.weight"),
    "transposed_grad": (
        lambda t: t.update({"grad.blocks.0.attn.proj.weight": t["grad.blocks.0.attn.proj.weight"].t()}),
        r"grad\.blocks\.0\.attn\.proj\.weight"),
    "scaled_grad": (
        lambda t: t.update({"grad.blocks.0.attn.proj.weight": t["grad.blocks.0.attn.proj.weight"] * 1.1}),
        r"grad\.blocks\.0\.attn\.proj\.weight"),
    "off_by_one": (
        lambda t: t.update({"act.blocks.0.mlp.fc2": t["act.blocks.0.mlp.fc2"].roll(1, 1)}),
        r"act\.blocks\.0\.mlp\.fc2"),
    "one_element": (
        lambda t: t["act.blocks.0.mlp.fc2"].view(-1)[7].mul_(1.5).add_(0.1), r"act\.blocks\.0\.mlp\.fc2"),
}


def dump(peer, out, name, config, seed, precision, batch, step=False):
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    args = peer.arguments([
        "dump", "--config", "tiny-2t", "--seed", str(seed), "--batch", str(batch), "--out", out, "--name", name,
        "--precision", "f32" if precision == "tf32" else precision, *(["--step"] if step else [])])
    args.config = config
    with contextlib.redirect_stdout(io.StringIO()), rounded_products() if precision == "tf32" else contextlib.nullcontext():
        peer.dump(args)
    if precision == "tf32":
        rewrite(f"{out}/{name}.safetensors", lambda t: None, precision="tf32")


def rewrite(path, change, to=None, **metadata):
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file
    with safe_open(path, "pt") as f:
        known = f.metadata() | metadata
    tensors = load_file(path)
    change(tensors)
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, to or path, metadata=known)


@contextlib.contextmanager
def rounded_products():
    """Inputs of every product as a tensor core has them: 11 significant bits, to nearest, ties away from zero."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    def narrow(x):
        if not torch.is_tensor(x) or x.dtype != torch.float32:
            return x
        return ((x.contiguous().view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32)

    aten = torch.ops.aten
    both = {aten.mm.default: (0, 1), aten.bmm.default: (0, 1), aten.addmm.default: (1, 2), aten.baddbmm.default: (1, 2),
            aten.convolution.default: (0, 1), aten.convolution_backward.default: (0, 1, 2)}

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, function, kinds, args=(), kwargs=None):
            rounded = [narrow(a) if i in both.get(function, ()) else a for i, a in enumerate(args)]
            result = function(*rounded, **(kwargs or {}))
            if function is aten.convolution_backward.default:  # the bias's gradient is a sum, no product
                return (*result[:2], function(*args, **(kwargs or {}))[2])
            return result

    # attention as products and softmax, so that they are seen
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH), Mode():
        yield


def right(out, seeds=SEEDS):
    import deepflow_torch as peer
    import torch
    torch.set_num_threads(1)
    peer.CONFIGS["odd"] = ODD
    for precision in ["f64", "f32", "tf32", "bf16", "fp16", "amp-bf16", "amp-fp16"]:
        for config in ["tiny-2t", "tiny-3t", "odd"]:
            for i in range(int(seeds)):
                # float16's AdamW overflows: its ε is 0
                step = i % 4 == 0 and precision not in ("fp16", "tf32")
                dump(peer, out, f"{config}-{precision}-{i}", config, FIRST_SEED + i, precision, 1 + i % 4, step)


def wrong(out):
    import deepflow_torch as peer
    import torch
    torch.set_num_threads(1)
    source = inspect.getsource(peer)
    for precision in ["f32", "bf16"]:
        for name, (old, new, _) in CODE.items():
            assert old in source, name
            mutant = types.ModuleType("mutant")
            exec(compile(source.replace(old, new), name, "exec"), mutant.__dict__)
            dump(mutant, out, f"wrong-{precision}-{name}", "tiny-2t", 100, precision, 3)
        base = f"{out}/wrong-{precision}-nothing.safetensors"
        dump(peer, out, f"wrong-{precision}-nothing", "tiny-2t", 100, precision, 3)
        for name, (change, _) in FILE.items():
            rewrite(base, change, f"{out}/wrong-{precision}-{name}.safetensors")


def table(*files):
    for file in files:
        dumps = json.load(open(file))["dumps"]
        names = {d["dump"]: re.sub(r".*/wrong-[a-z0-9]+-|\.safetensors", "", d["dump"]) for d in dumps}
        mistakes = {k: v[-1] for k, v in (CODE | FILE).items()}
        good = [d for d in dumps if names[d["dump"]] not in mistakes]
        bad = [d for d in dumps if names[d["dump"]] in mistakes]
        print(f"{file}: {len(good)} right dumps, false alarms: {[d['dump'] for d in good if d['verdict'] != 'consistent']}")
        for kind in ["local_sigma", "global_sigma"]:
            x = sorted(t[kind] for d in good for t in d["tensors"] if t[kind])
            if x:
                rms = math.sqrt(sum(v * v for v in x) / len(x))
                inside = sum(0.5 <= v <= 2 for v in x) / len(x)
                print(f"  {kind}: {len(x)} tensors, RMS {rms:.2f}, in [0.5, 2] {100 * inside:.1f} %, "
                      f"99.9 % quantile {x[int(0.999 * len(x))]:.1f}, largest {x[-1]:.1f}")
        if bad:
            caught = [d for d in bad if d["verdict"] != "consistent"]
            elsewhere = [names[d["dump"]] + ": " + ", ".join(d["suspects"]) for d in bad
                         if not any(re.search(mistakes[names[d["dump"]]], s) for s in d["suspects"])]
            print(f"  {len(caught)} of {len(bad)} wrong dumps caught, first wrong operation right in "
                  f"{len(bad) - len(elsewhere)}; elsewhere: {elsewhere}")


if __name__ == "__main__":
    dict(right=right, wrong=wrong, table=table)[sys.argv[1]](*sys.argv[2:])
