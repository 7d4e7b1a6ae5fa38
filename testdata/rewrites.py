#!/usr/bin/env python3
"""Right training steps of PyTorch programs that are written otherwise than the peer: each must be consistent.

    venv/bin/python testdata/rewrites.py FOLDER [--precisions f32,bf16,amp-bf16] [--names a,b]
                                                        (packages as for make_steps.py)

Writes the dumps into FOLDER and lets ./deepflow judge them, one JVM for each precision, and one line on each. The exit
code is 1 if a dump is not consistent. A rewrite changes the peer (testdata/peer), its model, or the file that was
written; its name says what. Those whose numbers are all the plain step's in a precision show nothing there, and are
named too.
"""
import argparse
import functools
import inspect
import json
import math
import pathlib
import subprocess
import sys

import mutants
import verdicts  # also finds the peer

import deepflow_torch
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIG, SEED, BATCH = "tiny-2t", 9, 3
LOSS_SCALE = 4096

PROGRAMS = {}  # name: (what it does to peer and model, with an optimizer step or not, precisions or none for all)
FILES = {}  # name: (what it does to a file's tensors, precisions or none for all, metadata)
PARTS = {"parts_2_1": (2, 1), "parts_1_2": (1, 2), "parts_1_1_1": (1, 1, 1)}  # gradients accumulated over these


def program(*precisions, step=False):
    def register(change):
        PROGRAMS[change.__name__] = change, step, precisions
        return change
    return register


def file(*precisions, **metadata):
    def register(change):
        FILES[change.__name__] = change, precisions, metadata
        return change
    return register


# ---- types

def wide_type(kind):
    """Of sums, statistics and functions."""
    return torch.float64 if kind == torch.float64 else torch.float32


def wide(x):
    return x.to(wide_type(x.dtype))


def product_type(x):
    """Of a product's factors and result."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype


def as_product(compute, kind, *factors):
    """compute(wide type, factors) outside autocast, its result rounded once."""
    with torch.autocast("cpu", enabled=False):
        return compute(*(t.to(kind) for t in factors)).to(kind)


# ---- attention

def attention(peer, core):
    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(core(q, k, v).transpose(1, 2).reshape(b, n, d))
    peer.Attention.forward = forward


def explicit(q, k, v, softmax=lambda scores: scores.softmax(-1)):
    return softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).to(v.dtype) @ v


@program()
def plain(peer, model):
    """Nothing written otherwise."""


@program()
def attention_explicit(peer, model):
    """Two products and a softmax."""
    attention(peer, explicit)


@program()
def queries_scaled(peer, model):
    """The scale on the queries, before the product."""
    attention(peer, lambda q, k, v: ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)).softmax(-1).to(v.dtype) @ v)


@program()
def softmax_exp2(peer, model):
    """The softmax in powers of two."""
    def softmax(s):
        e = torch.exp2((wide(s) - wide(s).amax(-1, keepdim=True)) * math.log2(math.e))
        return e / e.sum(-1, keepdim=True)
    attention(peer, lambda q, k, v: explicit(q, k, v, softmax))


@program()
def attention_tiles(peer, model):
    """As a flash kernel: keys in two tiles, with a running maximum and a running sum; the results are float32."""
    def tiles(q, k, v):
        most, total, out = q.new_full((1,), -math.inf), 0, 0
        for keys, values in zip(k.split(10, 2), v.split(10, 2)):
            scores = wide(q) @ wide(keys).transpose(-1, -2) * q.shape[-1] ** -0.5
            new = torch.maximum(most, scores.amax(-1, keepdim=True)).detach()
            e, shrink = (scores - new).exp(), (most - new).exp()
            total, most = total * shrink + e.sum(-1, keepdim=True), new
            out = out * shrink + wide(e.to(v.dtype)) @ wide(values)
        return out / total
    attention(peer, lambda q, k, v: as_product(tiles, q.dtype, q, k, v))


@program()
def attention_by_heads(peer, model):
    """A loop over images and heads."""
    attention(peer, lambda q, k, v: torch.stack([torch.stack([explicit(*head) for head in zip(*image)])
                                                 for image in zip(q, k, v)]))


@program("bf16", "fp16", "amp-bf16", "amp-fp16")
def attention_wide(peer, model):
    """Attention in float32 altogether, rounded once."""
    attention(peer, lambda q, k, v: as_product(lambda *qkv: explicit(*map(wide, qkv)), q.dtype, q, k, v))


@program()
def qkv_apart(peer, model):
    """q, k and v as three Linears."""
    for block in model.blocks:
        linear = block.attn.qkv
        linear.forward = lambda x, linear=linear: torch.cat(
            [F.linear(x, *wb) for wb in zip(linear.weight.chunk(3), linear.bias.chunk(3))], -1)


def multihead(model, projections):
    for vera in model.df_blocks:
        mha = vera.cross_attention.multihead_attn

        def forward(q, k, v, need_weights, mha=mha):
            heads = lambda x: x.view(*x.shape[:2], mha.num_heads, mha.head_dim).transpose(1, 2)
            out = explicit(*map(heads, projections(mha, q, k, v))).transpose(1, 2).reshape(q.shape)
            return F.linear(out, mha.out_proj.weight, mha.out_proj.bias), None
        mha.forward = forward


@program()
def multihead_explicit(peer, model):
    """MultiheadAttention as Linears, products and a softmax."""
    multihead(model, lambda mha, *qkv: [F.linear(x, w, b) for x, w, b in zip(
        qkv, mha.in_proj_weight.chunk(3), mha.in_proj_bias.chunk(3))])


@program()
def multihead_kv_together(peer, model):
    """Keys and values of MultiheadAttention as one Linear, attention fused."""
    def projections(mha, q, kv, _):
        (wq, *w), (bq, *b) = mha.in_proj_weight.chunk(3), mha.in_proj_bias.chunk(3)
        return F.linear(q, wq, bq), *F.linear(kv, torch.cat(w), torch.cat(b)).chunk(2, -1)
    multihead(model, projections)


@program()
def norms_of_cross_attention(peer, model):
    """layer_norm of query, key and value called for each."""
    def forward(self, space, velocity):
        q, k, v = self.layer_norm(space), self.layer_norm(velocity), self.layer_norm(velocity)
        return q + self.multihead_attn(q, k, v, need_weights=False)[0]
    peer.CrossSpaceAttention.forward = forward


# ---- LayerNorm

def layer_norm(model, normalise):
    """Of those without weights: normalise(x in the wide type, ε)."""
    for norm in model.modules():
        if isinstance(norm, nn.LayerNorm) and norm.weight is None:
            norm.forward = lambda x, eps=norm.eps: normalise(wide(x), eps).to(x.dtype)


@program()
def norm_two_passes(peer, model):
    """The mean, then the variance, then a division by a root."""
    layer_norm(model, lambda x, eps: (x - x.mean(-1, keepdim=True))
               / (x.var(-1, keepdim=True, unbiased=False) + eps).sqrt())


def one_pass(x, eps):
    mean = x.mean(-1, keepdim=True)
    return (x - mean) * torch.rsqrt((x * x).mean(-1, keepdim=True) - mean ** 2 + eps)


@program()
def norm_one_pass(peer, model):
    """The variance as E[x²] − E[x]²."""
    layer_norm(model, one_pass)


@program()
def norm_one_pass_f64(peer, model):
    """The same in float64."""
    layer_norm(model, lambda x, eps: one_pass(x.double(), eps))


@program()
def norm_welford(peer, model):
    """Mean and variance by Welford's updates."""
    def normalise(x, eps):
        mean = squares = torch.zeros_like(x[..., 0])
        for i, value in enumerate(x.unbind(-1)):
            off = value - mean
            mean = mean + off / (i + 1)
            squares = squares + off * (value - mean)
        return (x - mean[..., None]) * torch.rsqrt(squares[..., None] / x.shape[-1] + eps)
    layer_norm(model, normalise)


class Norm(torch.autograd.Function):
    @staticmethod
    def forward(context, x, eps):
        rstd = torch.rsqrt(x.var(-1, keepdim=True, unbiased=False) + eps)
        y = (x - x.mean(-1, keepdim=True)) * rstd
        context.save_for_backward(y, rstd)
        return y

    @staticmethod
    def backward(context, g):
        y, rstd = context.saved_tensors
        return rstd * (g - g.mean(-1, keepdim=True) - y * (g * y).mean(-1, keepdim=True)), None


@program()
def norm_backward_by_hand(peer, model):
    """The gradient by its formula."""
    layer_norm(model, Norm.apply)


# ---- products

def linears(model, compute):
    """Every Linear: compute(x, weight, bias), the three rounded to the product's type, the result too."""
    for linear in model.modules():
        if type(linear) is nn.Linear:
            linear.forward = lambda x, linear=linear: as_product(
                compute, product_type(x), x, linear.weight, linear.bias)


@program()
def products_split(peer, model):
    """Products as sums of products over 16 columns each, in float32."""
    linears(model, lambda x, w, b: sum(
        F.linear(*xw) for xw in zip(wide(x).split(16, -1), wide(w).split(16, -1))) + wide(b))


@program()
def products_f64(peer, model):
    """Products in float64, rounded once."""
    linears(model, lambda x, w, b: F.linear(x.double(), w.double(), b.double()))


@program()
def products_one_by_one(peer, model):
    """Products term by term, in one float32 accumulator, and the bias last."""
    def compute(x, w, b):
        total = 0
        for column, weights in zip(wide(x).unbind(-1), wide(w).unbind(-1)):
            total = total + column[..., None] * weights
        return total + wide(b)
    linears(model, compute)


@program()
def bias_first(peer, model):
    """The bias is what the accumulator begins with."""
    linears(model, lambda x, w, b: torch.addmm(wide(b), wide(x).reshape(-1, x.shape[-1]), wide(w).t())
            .view(*x.shape[:-1], len(b)))


@program()
def tokens_in_chunks(peer, model):
    """The MLPs' products five tokens at a time."""
    for block in model.blocks:
        for linear in block.mlp.fc1, block.mlp.fc2:
            linear.forward = lambda x, linear=linear: torch.cat(
                [F.linear(tokens, linear.weight, linear.bias) for tokens in x.split(5, 1)], 1)


@program()
def patches_unfolded(peer, model):
    """The patch embedding as a product of unfolded patches."""
    conv = model.x_embedder.proj

    def forward(x):
        patches = F.unfold(x, conv.kernel_size, stride=conv.stride).transpose(1, 2)
        tokens = F.linear(patches, conv.weight.flatten(1), conv.bias).transpose(1, 2)
        return tokens.unflatten(2, (x.shape[2] // conv.stride[0], -1)).contiguous()
    conv.forward = forward


@program()
def patches_channels_last(peer, model):
    """The patch embedding with channels innermost."""
    conv = model.x_embedder.proj
    last = functools.partial(torch.Tensor.contiguous, memory_format=torch.channels_last)
    conv.forward = lambda x: F.conv2d(last(x), last(conv.weight), conv.bias, conv.stride).contiguous()


# ---- what is between products

@program()
def modulation_addcmul(peer, model):
    """Modulation as z + shift + z·scale."""
    peer.modulate = lambda x, shift, scale: torch.addcmul(x + shift[:, None], x, scale[:, None])


@program()
def modulation_three_terms(peer, model):
    """Modulation as z + z·scale + shift."""
    peer.modulate = lambda x, shift, scale: x + x * scale[:, None] + shift[:, None]


@program("bf16", "fp16")
def residuals_wide(peer, model):
    """Gates and residual sums in float32, rounded once for each sum."""
    def forward(self, x, c):
        s1, g1, a1, s2, g2, a2 = self.adaLN_modulation(c).chunk(6, -1)
        x = torch.addcmul(wide(x), wide(a1)[:, None],
                          wide(self.attn(peer.modulate(self.norm1(x), s1, g1)))).to(x.dtype)
        return torch.addcmul(wide(x), wide(a2)[:, None],
                             wide(self.mlp(peer.modulate(self.norm2(x), s2, g2)))).to(x.dtype)
    peer.Block.forward = forward


@program()
def gelu_by_sigmoid(peer, model):
    """Its tanh as a sigmoid: x·σ(2√(2/π)(x + 0.044715x³)), in float32."""
    def gelu(x):
        return x * torch.sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x ** 3))
    peer.Mlp.forward = lambda self, x: self.fc2((lambda h: gelu(wide(h)).to(h.dtype))(self.fc1(x)))


def silu(model, compute):
    for module in model.modules():
        if isinstance(module, nn.SiLU):
            module.forward = lambda x: compute(x).to(x.dtype)


@program()
def silu_by_exp(peer, model):
    """SiLU as x/(1 + exp(−x)), in float32."""
    silu(model, lambda x: (lambda z: z / (1 + torch.exp(-z)))(wide(x)))


@program()
def silu_cast_twice(peer, model):
    """The same with two casts to float32: the input's gradient is a sum of two, each rounded to its type."""
    silu(model, lambda x: wide(x) / (1 + torch.exp(-wide(x))))


# ---- losses

def losses(peer, old, new):
    assert old in inspect.getsource(deepflow_torch.losses), old
    peer.losses = mutants.mutant(deepflow_torch, "losses", [(old, new)]).losses


@program()
def path_by_lerp(peer, model):
    """Interpolation as x0 + t·(x1 − x0)."""
    losses(peer, "e(t) * x1 + (1 - e(t)) * x0", "x0 + e(t) * (x1 - x0)")


@program()
def loss_by_image(peer, model):
    """Squares in float32, their mean in every image, then over images."""
    losses(peer, "((v - target) ** 2).mean()",
           "((v - target).to(torch.promote_types(v.dtype, torch.float32)) ** 2).mean((1, 2, 3)).mean()"
           ".to(target.dtype)")


# ---- optimizer

def optimizer(peer, *changes):
    peer.optimizer_step = mutants.mutant(deepflow_torch, "optimizer", changes).optimizer_step


@program(step=True)
def adamw_by_hand(peer, model):
    """AdamW by its formulas."""
    optimizer(peer, (mutants.STEP, mutants.ADAM + mutants.NEXT))


@program(step=True)
def average_by_lerp(peer, model):
    """The average of the weights by lerp."""
    optimizer(peer, (mutants.EMA, "torch.lerp(ema[n], p.data, 1 - decay)"))


@program(step=True)
def clipping_by_hand(peer, model):
    """The norm of all gradients as one vector; divided by the norm, then multiplied by the limit."""
    optimizer(peer, (mutants.CLIP, "norm"), ('    out["optim.grad_norm"]', """\
    norm = torch.cat([p.grad.flatten() for p in params.values()]).norm()
    for p in params.values():
        p.grad = p.grad / norm * clip if norm > clip else p.grad
    out["optim.grad_norm"]"""))


# ---- what is written

def stored(tensors, kind, what=lambda name: True):
    tensors |= {n: t.to(kind) for n, t in tensors.items() if t.is_floating_point() and what(n)}


def remove(tensors, what):
    for name in [n for n in tensors if what(n)]:
        del tensors[name]


@file("bf16", "fp16", "amp-bf16", "amp-fp16")
def stored_as_f32(tensors):
    """Narrow numbers written as float32."""
    stored(tensors, torch.float32)


@file()
def stored_as_f64(tensors):
    """All numbers written as float64."""
    stored(tensors, torch.float64)


@file()
def results_as_f64(tensors):
    """All but inputs and weights written as float64."""
    stored(tensors, torch.float64, lambda n: not n.startswith(("in.", "weight.")))


@file()
def losses_as_f64(tensors):
    """Losses written as float64, as Python has them."""
    stored(tensors, torch.float64, lambda n: n.startswith("loss."))


@file(loss_scale=str(LOSS_SCALE))
def loss_scaled(tensors):
    """Gradients of a scaled loss, without the optimizer's step."""
    remove(tensors, lambda n: n.startswith(("before.", "after.", "optim.")))
    for name, t in tensors.items():
        if name.startswith("grad"):
            t.mul_(LOSS_SCALE)


@file()
def no_activations(tensors):
    """Inputs, weights, results and gradients of parameters alone."""
    remove(tensors, lambda n: n.startswith(("act.", "gradact.")))


@file()
def some_activations(tensors):
    """Nothing from LayerNorms and first layers of MLPs."""
    remove(tensors, lambda n: n.startswith(("act.", "gradact.")) and ("norm" in n or "fc1" in n))


# ---- parts of the batch

def part(peer, rows):
    """Of the step, these rows of its batch: losses and gradients are their share of the whole's."""
    batch, whole = peer.batch, peer.losses
    share = (rows.stop - rows.start) / BATCH

    def cut(*args, **options):
        x0, x1, ts, y = batch(*args, **options)
        return x0[rows], x1[rows], [t[rows] for t in ts], y[rows]

    def shared(*args):
        ls, *results = whole(*args)
        return {name: loss * share for name, loss in ls.items()}, *results
    peer.batch, peer.losses = cut, shared


def join(parts):
    """One dump of the dumps of parts: rows one below the other, losses and gradients added."""
    whole = {}
    for name, first in parts[0].items():
        tensors = [p[name] for p in parts]
        if name.startswith(("grad.", "loss.")):
            whole[name] = functools.reduce(torch.add, tensors)
        else:
            whole[name] = first if name.startswith("weight.") else torch.cat(tensors)
    return whole


# ---- all of them

def dump(out, name, precision, change, step=False):
    peer = mutants.mutant(deepflow_torch, name, [])
    model = peer.DeepFlow(**peer.CONFIGS[CONFIG])
    change(peer, model)
    peer.dump = functools.partial(peer.dump, model=model, loss_fn=peer.losses)
    verdicts.dump(peer, str(out), name, CONFIG, SEED, precision, BATCH, step)


def write(out, name, precision, base):
    path = out / f"{name}.safetensors"
    if name in FILES:
        change, _, metadata = FILES[name]
        verdicts.rewrite(base, change, path, **metadata)
    elif name in PARTS:
        parts, start = [], 0
        for size in PARTS[name]:
            rows = slice(start, start + size)
            dump(out, name, precision, lambda peer, _: part(peer, rows))
            parts.append(load_file(path))
            start += size

        def joined(tensors):
            tensors.clear()
            tensors |= join(parts)
        verdicts.rewrite(path, joined)
    else:
        change, step, _ = PROGRAMS[name]
        dump(out, name, precision, change, step)
    return path


def same(path, base):
    """All numbers in both files are the same."""
    ours, plains = load_file(path), load_file(base)
    return all(torch.equal(t.double(), plains[n].double()) for n, t in ours.items() if n in plains)


def judge(paths):
    ran = subprocess.run([str(ROOT / "deepflow"), "check", "--json", *map(str, paths)], stdout=subprocess.PIPE)
    if ran.returncode not in (0, 1):
        sys.exit(f"deepflow check ended with {ran.returncode}")
    return {pathlib.Path(d["dump"]).stem: d for d in json.loads(ran.stdout)["dumps"]}


def run(folder, precision, names):
    """How many are not consistent."""
    out = pathlib.Path(folder) / precision
    base = out / "base" / "plain.safetensors"
    dump(base.parent, "plain", precision, plain, step=True)
    only = {name: precisions for name, (*_, precisions) in PROGRAMS.items()}
    only |= {name: precisions for name, (_, precisions, _) in FILES.items()} | dict.fromkeys(PARTS, ())
    names = [n for n in only if (n in names if names else True) and (not only[n] or precision in only[n])]
    if not names:
        return 0
    paths = [write(out, name, precision, base) for name in names]
    verdict = judge(paths)
    wrong = [f"{n} (first {d['first']})" for n, d in verdict.items() if d["verdict"] != "consistent"]
    vacuous = [p.stem for p in paths if p.stem not in FILES and p.stem != "plain" and same(p, base)]
    print(f"{precision}: {len(verdict)} judged, {len(verdict) - len(wrong)} consistent"
          + f"; not consistent: {', '.join(wrong) or 'none'}"
          + (f"; with the plain step's numbers: {', '.join(vacuous)}" if vacuous else ""), flush=True)
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--precisions", default="f32,bf16,amp-bf16")
    parser.add_argument("--names", default="", help="these rewrites alone")
    args = parser.parse_args()
    names = [name for name in args.names.split(",") if name]
    unknown = set(names) - {*PROGRAMS, *FILES, *PARTS}
    if unknown:
        parser.error(f"no such rewrite: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    wrong = [run(args.folder, precision, names) for precision in args.precisions.split(",")]
    sys.exit(1 if any(wrong) else 0)


if __name__ == "__main__":
    main()
