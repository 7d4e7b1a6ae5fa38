"""Mistakes in a PyTorch program, most of them not in the catalogue as they stand: is each caught, is the first wrong
operation the right one, and has it the catalogue's name? The table is in docs/verdict.md.

    venv/bin/python testdata/mutants.py make FOLDER     (packages as for make_steps.py)
    ./deepflow check --json FOLDER/*-f32-*.safetensors > f32.json      (one JVM for each precision)
    venv/bin/python testdata/mutants.py table f32.json …

A mutant is the peer's source (testdata/peer) with places changed; every change is checked to be one. Of the optimizer's
mistakes, and of those in what is written, there are steps in f32 alone.
"""
import inspect
import json
import re
import sys
import types

import verdicts

CONFIG, SEED, BATCH = "tiny-3t", 307, 3  # one of whose labels is the null class
LOSS_SCALE = 1024

ATTENTION = "F.scaled_dot_product_attention(q, k, v)"
CUT = "view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)"
ACC = "((xt(ts[i]) + vs[i].detach() * d + 0.5 * a * d ** 2 - x0) ** 2).mean()"
PROJ = r"act\.blocks\.0\.attn\.proj"
FC2 = r"act\.blocks\.0\.mlp\.fc2"
CROSS = r"act\.df_blocks\.0\.cross_attention"
SINUSOIDS = r"act\.t_embedder\.mlp\.0$"

# name: (old text, new text) …, where the first wrong operation is, the catalogue's name or None
MODEL = {
    "scores by width": [(ATTENTION, "F.scaled_dot_product_attention(q, k, v, scale=d ** -0.5)"), PROJ,
                        "attention-scaled-by-width"],
    "softmax over queries": [(ATTENTION, "((q @ k.transpose(-1, -2) * (d // self.heads) ** -0.5).softmax(-2) @ v)"),
                             PROJ, None],
    "attention over heads": [(CUT, "view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 1, 3, 4)"), PROJ, None],
    "key and value swapped": [("q, k, v = self.qkv", "q, v, k = self.qkv"), PROJ, "key-value-swapped"],
    "qkv innermost": [(CUT, "view(b, n, self.heads, d // self.heads, 3).permute(4, 0, 2, 1, 3)"), PROJ, None],
    "heads not put back": [(ATTENTION + ".transpose(1, 2)", ATTENTION), PROJ, "heads-not-transposed"],
    "silu for gelu": [('F.gelu(self.fc1(x), approximate="tanh")', "F.silu(self.fc1(x))"), FC2, None],
    "quick gelu": [('self.fc2(F.gelu(self.fc1(x), approximate="tanh"))',
                    "self.fc2((lambda h: h * torch.sigmoid(1.702 * h))(self.fc1(x)))"), FC2, "gelu-sigmoid"],
    "erf gelu in time gap": [("self.mlp = Mlp(width2, width2, width2 // 2)",
                              "self.mlp = Mlp(width2, width2, width2 // 2); self.mlp.forward ="
                              " lambda x: self.mlp.fc2(F.gelu(self.mlp.fc1(x)))"),
                             r"act\.df_blocks\.0\.acc_norm\.mlp\.fc2", "gelu-erf"],
    "epsilon of norm2": [("self.norm2 = nn.LayerNorm(width, eps=1e-6", "self.norm2 = nn.LayerNorm(width, eps=1e-5"),
                         r"act\.blocks\.\d\.norm2", None],
    "epsilon of norm1 1e-3": [
        ("self.norm1 = nn.LayerNorm(width, eps=1e-6", "self.norm1 = nn.LayerNorm(width, eps=1e-3"),
        r"act\.blocks\.0\.norm1", None],
    "epsilon of layer_norm": [("nn.LayerNorm(width)  #", "nn.LayerNorm(width, eps=1e-6)  #"),
                              CROSS + r"\.layer_norm", "cross-norm-epsilon"],
    "layer_norm without bias": [
        ("q, kv = self.layer_norm(space), self.layer_norm(velocity)",
         "q, kv = self.layer_norm(space) - self.layer_norm.bias, self.layer_norm(velocity) - self.layer_norm.bias"),
        CROSS + r"\.multihead_attn", None],
    "shift missing": [("return x * (1 + scale[:, None]) + shift[:, None]", "return x * (1 + scale[:, None])"),
                      r"act\.blocks\.0\.attn\.qkv", None],
    "one minus scale": [("x * (1 + scale[:, None])", "x * (1 - scale[:, None])"), r"act\.blocks\.0\.attn\.qkv", None],
    "attention's gate missing": [("x = x + a1[:, None] * self.attn", "x = x + self.attn"),
                                 r"act\.blocks\.0\.norm2", None],
    "gate through tanh": [("return x + a2[:, None] *", "return x + a2.tanh()[:, None] *"), r"act\.blocks\.0$", None],
    "gates one plus": [("return x + a2[:, None] *", "return x + (1 + a2[:, None]) *"), r"act\.blocks\.0$", None],
    "time reversed": [("a = t.to(wide)[:, None]", "a = (1 - t.to(wide))[:, None]"), SINUSOIDS, "time-reversed"],
    "gap times 1000": [("self.dt_embedder(ts[branch + 1]", "self.dt_embedder(1000 * ts[branch + 1]"),
                       r"act\.dt_embedder\.mlp\.0", None],
    "base 1000": [("math.log(10000) *", "math.log(1000) *"), SINUSOIDS, None],
    "frequencies from 1": [("torch.arange(half, dtype=wide)", "torch.arange(1, half + 1, dtype=wide)"),
                           SINUSOIDS, None],
    "null class is 0": [("self.embedding_table(y)",
                         "self.embedding_table(y % (self.embedding_table.num_embeddings - 1))"), r"act\.y_embedder", None],
    "label times time": [("space, 0, self.t_embedder(ts[0]) + y", "space, 0, self.t_embedder(ts[0]) * y"),
                         r"act\.blocks\.0\.adaLN_modulation", None],
    "positions reversed": [("+ self.pos_embed", "+ self.pos_embed.flip(1)"), r"act\.blocks\.0\.norm1", None],
    "positions doubled": [("+ self.pos_embed", "+ 2 * self.pos_embed"), r"act\.blocks\.0\.norm1", None],
    "grid transposed": [("permute(0, 5, 1, 3, 2, 4)", "permute(0, 5, 2, 3, 1, 4)"), r"out\.velocity\.0",
                        "image-transposed"],
    "relu in acc_mlp": [("nn.Linear(width, acc), nn.SiLU(), nn.Linear(acc, 2 * acc)",
                         "nn.Linear(width, acc), nn.ReLU(), nn.Linear(acc, 2 * acc)"),
                        r"act\.df_blocks\.0\.acc_mlp\.[12]", None],
    "one head across": [("nn.MultiheadAttention(width, heads,", "nn.MultiheadAttention(width, 1,"),
                        CROSS + r"\.multihead_attn", None],
    "space is key": [("self.multihead_attn(q, kv, kv,", "self.multihead_attn(q, q, kv,"),
                     CROSS + r"\.multihead_attn", None],
    "velocity asks": [("self.multihead_attn(q, kv, kv,", "self.multihead_attn(kv, q, q,"),
                      CROSS + r"\.multihead_attn", "velocity-asks"],
    "residual twice": [("return q + self.multihead_attn", "return 2 * q + self.multihead_attn"), CROSS + "$", None],
    "velocity twice": [("torch.cat([v, a], -1)", "torch.cat([v, v], -1)"), r"acc_norm\.norm_final", None],
    "acceleration before activation": [("return a, self.cross_attention", "return F.silu(a), self.cross_attention"),
                                       r"act\.df_blocks\.0$", None],
    "stale acceleration": [("accs.append(self.unpatchify(self.final_acc_layer(a, c)))",
                            "accs.append(accs[-1] if accs else self.unpatchify(self.final_acc_layer(a, c)))"),
                           r"out\.acceleration\.1|act\.final_acc_layer.*#1", "stale-buffer"],
    "cosine path": [("e(t) * x1 + (1 - e(t)) * x0",
                     "torch.sin(math.pi / 2 * e(t)) * x1 + torch.cos(math.pi / 2 * e(t)) * x0"),
                    r"act\.x_embedder\.proj", "other-path"],
    "noise is target": [("target = x1 - x0", "target = x1"), r"loss\.deep", "target-is-noise"],
    "sum over batch": [("((v - target) ** 2).mean()", "((v - target) ** 2).mean((1, 2, 3)).sum()"), r"loss\.deep", None],
    "beta squared": [("sum(b * (", "sum(b ** 2 * ("), r"loss\.deep", None],
    "gap without square": [("0.5 * a * d ** 2", "0.5 * a * d.abs()"), r"loss\.acc", None],
    "noise is landing": [("* d ** 2 - x0)", "* d ** 2 - x1)"), r"loss\.acc", "landing-on-noise"],
    "start at t1": [("acc + ((xt(ts[i])", "acc + ((xt(ts[0])"), r"loss\.acc", "start-at-first-time"],
    "mean over branches": [("acc = acc + " + ACC, "acc = acc + " + ACC + " / len(accs)"), r"loss\.acc", None],
    "sum of acc": [(ACC, ACC.replace("mean", "sum")), r"loss\.acc", None],
    "condition detached": [("self.adaLN_modulation(c).chunk(6, -1)", "self.adaLN_modulation(c.detach()).chunk(6, -1)"),
                           r"gradact\.t_embedder|gradact\.y_embedder", None],
    "acceleration not trained": [("0.5 * a * d ** 2", "0.5 * a.detach() * d ** 2"),
                                 r"grad(act)?\.(final_acc_layer|df_blocks.*acc_mlp)", None],
    "gate detached": [("return x + a2[:, None] *", "return x + a2.detach()[:, None] *"),
                      r"gradact\.blocks\.5\.adaLN_modulation", None],
    "scores detached": [(ATTENTION, "F.scaled_dot_product_attention(q.detach(), k, v)"),
                        r"gradact\.blocks\.5\.attn\.qkv", None],
}

ADAM = """    for p in params.values():
        s, b1, b2 = opt.state[p], 0.9, 0.999
        s["exp_avg"], s["exp_avg_sq"] = b1 * s["exp_avg"] + (1 - b1) * p.grad, b2 * s["exp_avg_sq"] + (1 - b2) * p.grad ** 2
        m, v = s["exp_avg"] / (1 - b1 ** step), s["exp_avg_sq"] / (1 - b2 ** step)
        p.data = (1 - lr * 0.01) * p.data - lr * m / (v.sqrt() + 1e-8)
"""
NEXT = "    for n, p in params.items():\n"
STEP = "    opt.step()\n" + NEXT
CLIP = "nn.utils.clip_grad_norm_(params.values(), clip)"
EMA = "decay * ema[n] + (1 - decay) * p.data"

OPTIMIZER = {
    "nothing wrong by hand": [(STEP, ADAM + NEXT), "nothing", None],
    "bias correction missing": [(STEP, ADAM.replace(" / (1 - b1 ** step)", "").replace(" / (1 - b2 ** step)", "") + NEXT),
                                r"after\.weight", None],
    "epsilon in the root": [(STEP, ADAM.replace("v.sqrt() + 1e-8", "(v + 1e-8).sqrt()") + NEXT), r"after\.weight", None],
    "decay coupled": [("torch.optim.AdamW", "torch.optim.Adam"), r"after\.m", None],
    "no decay": [("eps=1e-8, weight_decay=0.01)\n", "eps=1e-8, weight_decay=0.0)\n"), r"after\.weight", None],
    "decay without lr": [(STEP, ADAM.replace("(1 - lr * 0.01)", "(1 - 0.01)") + NEXT), r"after\.weight", None],
    "beta2 0.99": [("params.values(), lr=lr, betas=(0.9, 0.999)", "params.values(), lr=lr, betas=(0.9, 0.99)"),
                   r"after\.v", None],
    "a step late": [("step=torch.tensor(float(step - 1))", "step=torch.tensor(float(step))"), r"after\.weight", None],
    "not clipped": [(CLIP, CLIP.replace("clip)", "1e9)")), r"after\.m", None],
    "clipped by element": [(CLIP, "(" + CLIP.replace("clip)", "1e9)")
                            + ", nn.utils.clip_grad_value_(params.values(), 0.01))[0]"), r"after\.m", None],
    "norm after clipping": [(CLIP, "(" + CLIP + ", " + CLIP + ")[1]"), r"optim\.grad_norm", None],
    "gradient after clipping": [
        (STEP, "    out |= {f'grad.{n}': p.grad.clone() for n, p in params.items()}\n" + STEP),
        r"grad\.|optim\.grad_norm", None],
    "average turned round": [(EMA, "(1 - decay) * ema[n] + decay * p.data"), r"after\.ema", None],
    "average of old weights": [(STEP, "    old = {n: p.data.clone() for n, p in params.items()}\n" + STEP),
                               (EMA, "decay * ema[n] + (1 - decay) * old[n]"), r"after\.ema", None],
}


def unscaled(what):
    """Gradients of a program with a loss scale, but not of these tensors."""
    def change(tensors):
        for name, t in tensors.items():
            if name.startswith("grad") and not name.startswith(what):
                t.mul_(LOSS_SCALE)
    return change


WRITTEN = {
    "loss scale forgotten": [unscaled("grad"), r"gradact\.", "loss-scale-missing"],
    "parameters unscaled": [unscaled("grad."), r"grad\.", None],
}


def mutant(peer, name, changes):
    source = inspect.getsource(peer)
    for old, new in changes:
        assert old in source, name
        source = source.replace(old, new)
    module = types.ModuleType("mutant")
    exec(compile(source, name, "exec"), module.__dict__)
    return module


def make(out):
    import deepflow_torch as peer
    import torch
    torch.set_num_threads(1)
    for precision in ["f32", "bf16"]:
        for name, (*changes, _, _) in MODEL.items():
            verdicts.dump(mutant(peer, name, changes), out, file(precision, name), CONFIG, SEED, precision, BATCH)
    for name, (*changes, _, _) in OPTIMIZER.items():
        verdicts.dump(mutant(peer, name, changes), out, file("f32", name), CONFIG, SEED, "f32", BATCH, True)
    for precision in ["f32", "fp16"]:
        for name, (change, _, _) in WRITTEN.items():
            path = f"{out}/{file(precision, name)}.safetensors"
            verdicts.dump(peer, out, file(precision, name), CONFIG, SEED, precision, BATCH)
            verdicts.rewrite(path, change, loss_scale=str(LOSS_SCALE))


def file(precision, name):
    return f"mutant-{precision}-{name.replace(' ', '_')}"


def table(*files):
    known = {name.replace(" ", "_"): (name, *v[-2:]) for name, v in (MODEL | OPTIMIZER | WRITTEN).items()}
    for path in files:
        caught = right = named = catalogued = others = of = 0
        for d in json.load(open(path))["dumps"]:
            name, where, bug = known[re.sub(r".*/mutant-[a-z0-9]+-|\.safetensors", "", d["dump"])]
            names = [likeness["bug"] for likeness in d["looks_like"]]
            if where == "nothing":
                print(f"  {name}: {d['verdict']}")
                continue
            of += 1
            wrong = d["verdict"] != "consistent"
            # the first wrong operation; a finding that no budget judges is the first of the list
            suspects = d["suspects"] or [d["first"] or ""]
            here = wrong and any(re.search(where, s) for s in suspects)
            caught, right = caught + wrong, right + here
            if bug:
                catalogued, named = catalogued + wrong, named + (wrong and names[:1] == [bug])
            elif names:
                others += 1
            if not here or (names[:1] != [bug] if bug else names):
                print(f"  {name}: {d['verdict']}, first {suspects[-1]}, looks like {names}, is {bug}")
        print(f"{path}: caught {caught} of {of}, first wrong operation right in {right}; in the catalogue and caught"
              f" {catalogued}, named {named}; others with a name {others}")


if __name__ == "__main__":
    dict(make=make, table=table)[sys.argv[1]](*sys.argv[2:])
