"""Writes one training step of your PyTorch model into a dump for `deepflow check`.

    pip install torch safetensors numpy

    with StepRecorder(model) as step:                      # hooks on, weights copied
        with torch.autocast("cuda", torch.bfloat16):       # if you train so
            losses, results = your_losses(model, x0, x1, times, y)
        scaler.scale(losses["total"]).backward()           # or losses["total"].backward()
        step.save("step.safetensors", x0, x1, times, y, losses, results, config=..., betas=[0.2, 1.0],
                  precision="amp-bf16", loss_scale=scaler.get_scale())

Call `save` before the optimizer and before clipping touch the gradients. Wrappers of DistributedDataParallel (`module.`) and
torch.compile (`_orig_mod.`) are taken off names. Inside a module that is compiled as a whole hooks may not run: then its
output and all gradients are still judged, its parts are not; record an uncompiled step to find a part. With
DistributedDataParallel gradients are averages over ranks, so record with one rank.
"""
import json
import torch
from safetensors.torch import save_file


def plain(path):
    """A module path without what DistributedDataParallel and torch.compile put into it."""
    parts = [p for p in path.split(".") if p != "_orig_mod"]
    return ".".join(parts[1:] if parts[:1] == ["module"] else parts)


class StepRecorder:
    def __init__(self, model):
        self.model, self.handles, self.calls, self.tensors = model, [], {}, {}

    def __enter__(self):
        for name, p in self.model.named_parameters():
            self.tensors[f"weight.{plain(name)}"] = p.detach().clone()
        seen = set()
        for path, module in self.model.named_modules():  # a wrapper has the path of what it wraps: one of them is enough
            if plain(path) and plain(path) not in seen:
                seen.add(plain(path))
                self.handles.append(module.register_forward_hook(self.hook(plain(path))))
        return self

    def __exit__(self, *_):
        for handle in self.handles:
            handle.remove()

    def hook(self, path):
        def record(module, inputs, out):
            out = out[0] if isinstance(out, (tuple, list)) else out
            if not torch.is_tensor(out):
                return
            call = self.calls[path] = self.calls.get(path, -1) + 1
            name = path + (f"#{call}" if call else "")
            self.tensors[f"act.{name}"] = out.detach().clone()  # later in-place operations must not change it
            if out.requires_grad:
                out.register_hook(lambda g: self.tensors.__setitem__(f"gradact.{name}", g.detach().clone()))

        return record

    def save(self, path, x0, x1, times, y, losses, results, *, config, betas, precision, lam=1.0, loss_scale=1.0, z=None):
        """losses: "deep", "total", and "acc", "ssl" where you have them. results: velocities and so on under the names of
        docs/dump-format.md without `out.`: {"velocity.0": v0, "velocity.1": v1, "acceleration.0": a0, ...}; may be empty."""
        out = {"in.x0": x0, "in.x1": x1, "in.y": y} | {f"in.t.{i}": t for i, t in enumerate(times)}
        out |= {"in.z": z} if z is not None else {}
        out |= self.tensors
        out |= {f"loss.{n}": v.reshape(1) for n, v in losses.items()} | {f"out.{n}": v for n, v in results.items()}
        out |= {f"grad.{plain(n)}": p.grad for n, p in self.model.named_parameters() if p.grad is not None}
        metadata = {"config": json.dumps(config), "betas": json.dumps(betas), "lambda": str(lam), "precision": precision,
                    "loss_scale": str(loss_scale), "producer": f"torch {torch.__version__}"}
        save_file({n: t.detach().cpu().contiguous().clone() for n, t in out.items()}, path, metadata)
