"""Writes one training step of a Flax (linen) model into a .npz file, for `deepflow check --map flax.json step.npz`.

    pip install jax flax numpy

Names are Flax's own; the map (flax.json, beside this file) translates names and layouts. Adapt `losses` and the map to
your model; nothing in the model itself changes, unless you want gradients of activations: then put
`x = self.perturb("result", x)` at the end of a module (flax.linen.Module.perturb), and the gradient of its output is
written as well.
"""
import json
import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict


def record_step(path, model, variables, losses, x0, x1, times, y, config, betas, precision="f32", lam=1.0):
    """losses(model_apply, x0, x1, times, y) -> (losses, results): a dict with "total", and a dict of arrays by name.

    model_apply(x, times, y) runs the model. Images are (N, H, W, C); times is a list of k arrays (N,)."""
    def total(params, perturbations):
        captured = {}

        def model_apply(*args):
            given = {"params": params} | ({"perturbations": perturbations} if perturbations else {})
            out, state = model.apply(given, *args, capture_intermediates=True, mutable=["intermediates"])
            captured.update(state["intermediates"])
            return out

        parts, results = losses(model_apply, x0, x1, times, y)
        return parts["total"], (parts, results, captured)

    params, perturbations = variables["params"], variables.get("perturbations", {})
    zeros = jax.tree_util.tree_map(jnp.zeros_like, perturbations)
    (_, (parts, results, captured)), (grads, cotangents) = jax.value_and_grad(total, (0, 1), has_aux=True)(params, zeros)

    out = {"batch/x0": x0, "batch/x1": x1, "batch/y": y} | {f"batch/t.{i}": t for i, t in enumerate(times)}
    for root, tree in ("params", params), ("grads", grads), ("cotangents", cotangents):
        out |= {f"{root}/{name}": value for name, value in flatten_dict(tree, sep="/").items()}
    for name, calls in flatten_dict(captured, sep="/").items():  # a tuple: one output for each call
        for i, value in enumerate(calls):
            value = value[0] if isinstance(value, tuple) else value
            if name != "__call__" and hasattr(value, "shape"):
                out[f"intermediates/{name}/{i}"] = value
    out |= {f"loss/{name}": value for name, value in parts.items()} | results
    metadata = {"config": config, "betas": betas, "lambda": lam, "precision": precision, "producer": f"jax {jax.__version__}"}
    arrays = {name: np.asarray(value) for name, value in out.items()}
    arrays["__metadata__"] = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    np.savez(path, **arrays)
