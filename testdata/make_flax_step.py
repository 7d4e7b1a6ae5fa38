"""Rewrites a dumped step of the PyTorch peer as a Flax program would have written it: its names, kernels as (in, out),
convolutions as HWIO, images as NHWC, queries, keys and values apart and by head, blocks counted from 1.

    pip install numpy safetensors
    python make_flax_step.py        # steps/patch-four-one-sample-f32.safetensors -> foreign/flax-deepflow-f32.npz

Numbers are those of the peer, in another order; `check --map docs/recipes/flax.json` must find them as right as before.
"""
import json, pathlib, re
import numpy as np
from safetensors import safe_open

HERE = pathlib.Path(__file__).parent
NAMES = [  # our module paths -> Flax's
    (r"^blocks\.(\d+)", lambda m: f"blocks_{int(m[1]) + 1}"),
    (r"^df_blocks\.(\d+)", lambda m: f"vera_{int(m[1]) + 1}"),
    (r"^final_layer\.(\d+)", lambda m: f"velocity_layer_{int(m[1]) + 1}"),
    (r"^final_acc_layer", "acceleration_layer"),
    (r"adaLN_modulation\.1", "adaLN"),
    (r"t_embedder\.mlp\.0", "t_embedder.Dense_0"), (r"t_embedder\.mlp\.2", "t_embedder.Dense_1"),
    (r"\.mlp\.fc1", ".mlp.Dense_0"), (r"\.mlp\.fc2", ".mlp.Dense_1"),
    (r"acc_mlp\.([0246])", lambda m: f"acc_mlp.Dense_{int(m[1]) // 2}"),
    (r"x_embedder\.proj", "x_embedder"), (r"y_embedder\.embedding_table", "y_embedder"),
    (r"attn\.proj", "attn.out"), (r"cross_attention\.multihead_attn\.out_proj", "cross.out"),
    (r"cross_attention\.multihead_attn$", "cross.out"),
]


def flax(path):
    for pattern, by in NAMES:
        path = re.sub(pattern, by, path)
    return path.replace(".", "/")


def parameter(root, name, value, heads, out):
    """Kernels are transposed; fused projections are taken apart, by head."""
    module, _, kind = name.rpartition(".")
    if kind in ("in_proj_weight", "in_proj_bias") or module.endswith("attn.qkv"):
        module = module.replace("cross_attention.multihead_attn", "cross").removesuffix(".qkv")
        for part, third in zip(("query", "key", "value"), np.split(value, 3)):
            by_head = third.reshape(heads, -1, *third.shape[1:])  # (h, e) or (h, e, d)
            kernel = by_head.ndim == 3
            out[f"{root}/{flax(module)}/{part}/{'kernel' if kernel else 'bias'}"] = by_head.transpose(2, 0, 1) if kernel else by_head
    elif module.endswith(("attn.proj", "out_proj")) and kind == "weight":
        out[f"{root}/{flax(module)}/kernel"] = value.T.reshape(heads, -1, value.shape[0])
    elif "embedding_table" in module:
        out[f"{root}/{flax(module)}/embedding"] = value
    elif value.ndim == 4:
        out[f"{root}/{flax(module)}/kernel"] = value.transpose(2, 3, 1, 0)
    elif value.ndim == 2:
        out[f"{root}/{flax(module)}/kernel"] = value.T
    elif "layer_norm" in module and kind == "weight":
        out[f"{root}/{flax(module)}/scale"] = value
    else:
        out[f"{root}/{flax(module)}/{kind}" if module else f"{root}/{kind}"] = value


def output(root, name, value, heads, out):
    module, _, call = name.partition("#")
    end = f"/__call__/{call or 0}" if root == "intermediates" else (f"#{call}" if call else "")
    if module.endswith("attn.qkv"):
        for part, third in zip(("query", "key", "value"), np.split(value, 3, -1)):
            by_head = third.reshape(*third.shape[:-1], heads, -1)
            out[f"{root}/{flax(module.removesuffix('.qkv'))}/{part}{end}"] = by_head
    else:
        out[f"{root}/{flax(module)}{end}"] = value.transpose(0, 2, 3, 1) if value.ndim == 4 else value


def main():
    out = {}
    with safe_open(HERE / "steps" / "patch-four-one-sample-f32.safetensors", "np") as step:
        meta = step.metadata()
        heads = json.loads(meta["config"])["heads"]
        for name in sorted(step.keys()):
            family, _, rest = name.partition(".")
            value = step.get_tensor(name)
            if family in ("weight", "grad"):
                parameter("params" if family == "weight" else "grads", rest, value, heads, out)
            elif re.search(r"adaLN_modulation\.0|acc_mlp\.[135]|t_embedder\.mlp\.1", rest):
                pass  # SiLU is no module in Flax
            elif family in ("act", "gradact"):
                output("intermediates" if family == "act" else "cotangents", rest, value, heads, out)
            elif family == "in" and not rest.startswith("t."):
                out[f"batch/{rest}"] = value.transpose(0, 2, 3, 1) if value.ndim == 4 else value
            elif family == "loss":
                out[f"loss/{rest}"] = value.reshape(())
            elif family == "out":
                kind, i = rest.split(".")
                out[f"{kind}/{int(i) + 1}"] = value.transpose(0, 2, 3, 1) if value.ndim == 4 else value
        out["batch/times"] = np.stack([step.get_tensor("in.t.0"), step.get_tensor("in.t.1")])
    out["opt_state/count"] = np.array(7, np.int32)
    metadata = {"config": json.loads(meta["config"]), "betas": json.loads(meta["betas"]), "lambda": 1.0,
                "precision": meta["precision"], "producer": meta["producer"] + ", rewritten as Flax"}
    out["__metadata__"] = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    np.savez(HERE / "foreign" / "flax-deepflow-f32.npz", **{n: np.ascontiguousarray(v) for n, v in out.items()})


if __name__ == "__main__":
    main()
