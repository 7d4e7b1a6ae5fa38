"""Vectors for the equations of the paper: inputs, parameters, outputs and gradients, in float64.

    python make_equation_vectors.py            # writes equations/*.safetensors beside this file

Written from the formulas with torch's elementary operations (no torch.nn module, no code of this project), so that it is
an opinion of its own; torch.autograd finds the gradients. See README.md for what the files hold. The same torch
version gives the same bytes.
"""
import json
import math
import pathlib
import struct

import torch

OUT = pathlib.Path(__file__).resolve().parent / "equations"
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


# ---- the formulas ----------------------------------------------------------------------------------------------

def per_sample(t, like):
    return t.reshape([-1] + [1] * (like.dim() - 1))


def mean_of_means(x):
    return x.reshape(x.shape[0], -1).mean(1).mean()


def interpolant(a, path, target):
    x0, x1, t = a["x0"], a["x1"], per_sample(a["t"], a["x0"])
    half_pi = math.pi / 2
    if path == "linear":
        alpha, sigma, dalpha, dsigma = 1 - t, t, -torch.ones_like(t), torch.ones_like(t)
    else:
        alpha, sigma = torch.cos(half_pi * t), torch.sin(half_pi * t)
        dalpha, dsigma = -half_pi * torch.sin(half_pi * t), half_pi * torch.cos(half_pi * t)
    velocity = x1 - x0 if target == "difference" else dalpha * x0 + dsigma * x1
    return {"xt": alpha * x0 + sigma * x1, "velocity": velocity}


def squared_error(v, target):
    return mean_of_means((v - target) ** 2)


def velocity_loss(a):
    return {"loss": squared_error(a["v"], a["target"])}


def deep_supervision(a, betas):
    return {"loss": sum(b * squared_error(a[f"v.{i}"], a[f"target.{i}"]) for i, b in enumerate(betas))}


def silu(x):
    return x / (1 + torch.exp(-x))


def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def linear(a, name, x):
    return torch.einsum("...i,oi->...o", x, a[f"weight.{name}.weight"]) + a[f"weight.{name}.bias"]


def layer_norm(x, eps):
    centred = x - x.mean(-1, keepdim=True)
    return centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + eps)


def acc_mlp(a, layers):
    x = a["v"]
    for i in range(layers):
        x = linear(a, str(2 * i), silu(x) if i else x)
    return {"a": x}


def second_order_estimate(xt, v, acc, t):
    d = per_sample(0 - t, xt)
    return xt + v * d + 0.5 * acc * d ** 2


def acc_loss(a, suffix=""):
    estimate = second_order_estimate(a["xt" + suffix], a["v" + suffix].detach(), a["a" + suffix], a["t" + suffix])
    return squared_error(estimate, a["x0"])


def second_order(a, result):
    if result == "estimate":
        return {"x0hat": second_order_estimate(a["xt"], a["v"], a["a"], a["t"])}
    return {"loss": acc_loss(a)}


def time_gap(a, clamp, modulated, out):
    h = layer_norm(a["z"], 1e-6)
    if modulated:
        shift, scale = linear(a, "adaLN_modulation.1", silu(a["e"])).chunk(2, -1)
        if clamp:
            scale = torch.minimum(torch.maximum(scale, torch.tensor(-5.0)), torch.tensor(5.0))
        h = h * (1 + scale[:, None, :]) + shift[:, None, :]
    m = linear(a, "mlp.fc2", gelu(linear(a, "mlp.fc1", h)))
    assert m.shape[-1] == out
    return {"m": m}


def cross_space(a, heads):
    def norm(x):
        return layer_norm(x, 1e-5) * a["weight.layer_norm.weight"] + a["weight.layer_norm.bias"]

    def project(i, x):
        d = x.shape[-1]
        w = a["weight.multihead_attn.in_proj_weight"][i * d:(i + 1) * d]
        b = a["weight.multihead_attn.in_proj_bias"][i * d:(i + 1) * d]
        y = torch.einsum("nti,oi->nto", x, w) + b
        return y.reshape(x.shape[0], x.shape[1], heads, d // heads)

    q, m = norm(a["s"]), norm(a["m"])
    scores = torch.einsum("nthc,nshc->nhts", project(0, q), project(1, m)) / math.sqrt(q.shape[-1] // heads)
    weights = torch.exp(scores - scores.amax(-1, keepdim=True).detach())
    weights = weights / weights.sum(-1, keepdim=True)
    mixed = torch.einsum("nhts,nshc->nthc", weights, project(2, m)).reshape(q.shape)
    return {"refined": q + linear(a, "multihead_attn.out_proj", mixed)}


def total(a, betas, weight):
    deep = deep_supervision(a, betas)["loss"]
    acc = sum((acc_loss(a, f".{j}") for j in range(len(betas) - 1)), torch.zeros(()))
    return {"deep": deep, "acc": acc, "total": deep + weight * acc}


def alignment(a, blocks):
    def unit(x):
        # the norm has gradient 0 at the zero vector, as torch.linalg.vector_norm has it
        return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(1e-12)

    z = unit(a["z"])
    return {"loss": sum(mean_of_means(-(unit(a[f"projected.{j}"]) * z).sum(-1)) for j in range(blocks)) / blocks}


# ---- cases -----------------------------------------------------------------------------------------------------

class Draw:
    """Numbers for one file, in a fixed order."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape, scale=1.0):
        return scale * torch.randn(shape, generator=self.generator)

    def times(self, n):
        t = torch.rand(n, generator=self.generator)
        if n > 1:  # both ends are among them
            t[0] = 0.0
        if n > 2:
            t[1] = 1.0
        return t

    def linear(self, name, into, out, bias=0.3):
        return {f"weight.{name}.weight": self.normal(out, into) / math.sqrt(into),
                f"weight.{name}.bias": self.normal(out, scale=bias)}


IMAGES = {"one": (1, 1, 1, 1), "odd": (3, 3, 5, 5), "tall": (2, 1, 7, 3), "flat": (1, 4, 4, 4)}


def interpolant_cases(d):
    for path in ("linear", "cosine"):
        for target in ("difference", "derivative"):
            for size, shape in IMAGES.items():
                a = {"x0": d.normal(*shape), "x1": d.normal(*shape), "t": d.times(shape[0])}
                yield f"{path}-{target}-{size}", a, dict(path=path, target=target), interpolant


def velocity_cases(d):
    for size, shape in IMAGES.items():
        yield size, {"v": d.normal(*shape), "target": d.normal(*shape)}, {}, velocity_loss


def branches(d, shape, k):
    a = {}
    for i in range(k):
        a |= {f"v.{i}": d.normal(*shape), f"target.{i}": d.normal(*shape)}
    return a


def deep_cases(d):
    for (size, shape), betas in zip(IMAGES.items(), ([1.0], [0.2, 1.0], [0.2, 0.2, 1.0], [0.5, 0.0, 0.2, 1.0])):
        yield f"{size}-{len(betas)}t", branches(d, shape, len(betas)), dict(betas=betas), deep_supervision


def acc_mlp_cases(d):
    for form in ("deep", "shallow"):
        for size, (n, t, width, acc) in {"one": (1, 1, 1, 1), "odd": (2, 5, 3, 7), "token": (3, 1, 8, 5)}.items():
            widths = [width, acc, 2 * acc, acc, width] if form == "deep" else [width, acc, width]
            a = {"v": d.normal(n, t, width)}
            for i in range(len(widths) - 1):
                a |= d.linear(str(2 * i), widths[i], widths[i + 1])
            yield f"{form}-{size}", a, dict(form=form, acc=acc), lambda a, form, acc: acc_mlp(a, 4 if form == "deep" else 2)


def second_order_cases(d):
    for result in ("loss", "estimate"):
        for size, shape in IMAGES.items():
            a = {name: d.normal(*shape) for name in ("xt", "v", "a")} | {"t": d.times(shape[0])}
            if result == "loss":
                a["x0"] = d.normal(*shape)
            yield f"{result}-{size}", a, dict(result=result), second_order


def time_gap_cases(d):
    sizes = {"one": (1, 1, 1, 1), "small": (1, 1, 4, 2), "odd": (2, 5, 6, 3), "token": (3, 1, 10, 5), "narrow": (2, 3, 5, 5)}
    for kind in ("plain", "clamp", "bare"):
        for size, (n, t, into, out) in sizes.items():
            a = {"z": d.normal(n, t, into)} | d.linear("mlp.fc1", into, into) | d.linear("mlp.fc2", into, out)
            if kind != "bare":
                # scales of about 6, so that many are beyond the clamp at 5 and many are not
                a |= {"e": d.normal(n, into)} | d.linear("adaLN_modulation.1", into, 2 * into, 6.0 if kind == "clamp" else 0.3)
            yield f"{kind}-{size}", a, dict(clamp=kind == "clamp", modulated=kind != "bare", out=out), time_gap


def cross_space_cases(d):
    sizes = {"one": (1, 1, 1, 1, 1), "odd": (2, 5, 5, 6, 3), "more-keys": (3, 3, 7, 8, 2), "one-key": (2, 4, 1, 9, 3),
             "one-query": (1, 1, 6, 4, 4)}
    for size, (n, t, s, width, heads) in sizes.items():
        a = {"s": d.normal(n, t, width), "m": d.normal(n, s, width, scale=2.0)}
        a |= {"weight.layer_norm.weight": 1 + d.normal(width, scale=0.3), "weight.layer_norm.bias": d.normal(width, scale=0.3)}
        a |= {"weight.multihead_attn.in_proj_weight": d.normal(3 * width, width) / math.sqrt(width),
              "weight.multihead_attn.in_proj_bias": d.normal(3 * width, scale=0.3)}
        a |= d.linear("multihead_attn.out_proj", width, width)
        yield size, a, dict(heads=heads), cross_space


def total_cases(d):
    rows = zip(IMAGES.items(), ([1.0], [0.2, 1.0], [0.2, 0.2, 1.0], [0.5, 0.0, 0.2, 1.0]), (1.0, 1.0, 0.0, 0.7))
    for (size, shape), betas, weight in rows:
        a = branches(d, shape, len(betas)) | {"x0": d.normal(*shape)}
        for j in range(len(betas) - 1):
            a |= {f"xt.{j}": d.normal(*shape), f"a.{j}": d.normal(*shape), f"t.{j}": d.times(shape[0])}
        if len(betas) == 1:
            del a["x0"]
        yield f"{size}-{len(betas)}t", a, dict(betas=betas, weight=weight), total


def alignment_cases(d):
    for size, (n, t, width, blocks) in {"one": (1, 1, 1, 1), "odd": (2, 5, 3, 2), "token": (3, 1, 8, 3), "zeros": (2, 3, 4, 2)}.items():
        a = {"z": d.normal(n, t, width)} | {f"projected.{j}": d.normal(n, t, width) for j in range(blocks)}
        if size == "zeros":
            a["projected.0"][0, 1] = 0
            a["z"][1, 2] = 0
        yield size, a, dict(blocks=blocks), alignment


FILES = {  # name: numbers in the paper (none for what has no number), cases
    "eq01-interpolant": ([1], interpolant_cases),
    "eq02-03-velocity-loss": ([2, 3], velocity_cases),
    "eq04-05-deep-supervision": ([4, 5], deep_cases),
    "eq06-acceleration-mlp": ([6], acc_mlp_cases),
    "eq07-second-order-loss": ([7], second_order_cases),
    "eq08-time-gap-modulation": ([8], time_gap_cases),
    "eq09-cross-space-attention": ([9], cross_space_cases),
    "eq10-total-loss": ([10], total_cases),
    "ssl-alignment-loss": ([], alignment_cases),
}


# ---- evaluation and files --------------------------------------------------------------------------------------

def gradients(a, outputs, seeds):
    """Gradients of the sum over outputs of <seed, output>; zero where none flows."""
    scalar = sum((seeds[name] * y).sum() for name, y in outputs.items())
    wanted = {name: x for name, x in a.items() if x.requires_grad}
    found = torch.autograd.grad(scalar, list(wanted.values()), allow_unused=True)
    return {name: torch.zeros_like(x) if g is None else g for (name, x), g in zip(wanted.items(), found)}


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(repr, value)) if isinstance(value, list) else str(value)


def write(path, tensors, metadata):
    """A safetensors file, keys sorted, header padded to a multiple of 8."""
    header, blobs, at = {"__metadata__": metadata}, [], 0
    for name in sorted(tensors):
        x = tensors[name].detach().contiguous()
        blob = struct.pack(f"<{x.numel()}d", *x.reshape(-1).tolist())
        header[name] = {"dtype": "F64", "shape": list(x.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    head = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(blobs))


def main():
    OUT.mkdir(exist_ok=True)
    for index, (file, (numbers, cases)) in enumerate(FILES.items()):
        draw = Draw(1000 + index)
        tensors = {}
        metadata = {"equations": text(numbers), "seed": str(1000 + index), "producer": f"torch {torch.__version__}"}
        count = 0
        for name, a, options, function in cases(draw):
            for key, x in a.items():
                x.requires_grad_(not (key == "t" or key.startswith("t.")))
            outputs = function(a, **options)
            seeds = {key: draw.normal(*y.shape) for key, y in outputs.items()}
            for key, x in a.items():
                tensors[f"{name}.{key}" if key.startswith("weight.") else f"{name}.in.{key}"] = x
            for key, y in outputs.items():
                tensors |= {f"{name}.out.{key}": y, f"{name}.seed.{key}": seeds[key]}
            for key, g in gradients(a, outputs, seeds).items():
                tensors[f"{name}.grad.{key}" if key.startswith("weight.") else f"{name}.grad.in.{key}"] = g
            metadata[f"case.{name}"] = " ".join(f"{k}={text(v)}" for k, v in sorted(options.items()))
            count += 1
        path = OUT / f"{file}.safetensors"
        write(path, tensors, metadata)
        print(f"{path.name}: {count} cases, {len(tensors)} tensors, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
