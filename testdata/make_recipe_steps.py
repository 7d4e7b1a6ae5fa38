"""Steps of the PyTorch peer written by docs/recipes/dump_pytorch.py, as a user would: eager, autocast with a gradient scaler,
blocks compiled one by one, the whole model wrapped by torch.compile and DistributedDataParallel.

    pip install torch==2.13.0 safetensors numpy
    python make_recipe_steps.py FOLDER        # every step; compiled-blocks-f32 is kept as foreign/compiled-blocks-f32.safetensors
"""
import pathlib, sys
import torch

HERE = pathlib.Path(__file__).parent
sys.path += [str(HERE / "peer"), str(HERE / ".." / "docs" / "recipes")]
import deepflow_torch as peer
from dump_pytorch import StepRecorder

CONFIG = dict(size=4, patch=2, channels=2, classes=3, width=16, depth=2, heads=2, k=2, acc=6)


def step(folder, name, precision="f32", wrap=lambda m: m, scale=1.0):
    torch.manual_seed(0)
    model = peer.DeepFlow(**CONFIG)
    peer.random_weights(model, 5)
    amp = precision.startswith("amp-")
    low = {"amp-bf16": torch.bfloat16, "amp-fp16": torch.float16}.get(precision, torch.bfloat16)
    x0, x1, times, y = peer.batch(CONFIG, 2, 6, torch.float32, gap=0.1)
    model = wrap(model)
    inner = model
    while hasattr(inner, "module") or hasattr(inner, "_orig_mod"):
        inner = inner.module if hasattr(inner, "module") else inner._orig_mod
    with StepRecorder(model) as recorder:
        with torch.autocast("cpu", low, enabled=amp):
            losses, vs, accs, refined = peer.losses(model, x0, x1, times, y, [0.2, 1.0], 1.0)
        (losses["total"] * scale).backward()
        results = {f"velocity.{i}": v for i, v in enumerate(vs)} | {f"acceleration.{i}": a for i, a in enumerate(accs)}
        results |= {f"refined.{i}": r for i, r in enumerate(refined)}
        recorder.save(f"{folder}/{name}.safetensors", x0, x1, times, y, losses, results, config=CONFIG, betas=[0.2, 1.0],
                      precision=precision, loss_scale=scale)


def compiled_blocks(model):
    for i, block in enumerate(model.blocks):
        model.blocks[i] = torch.compile(block, backend="eager")
    return model


def distributed(model):
    torch.distributed.init_process_group("gloo", init_method="tcp://127.0.0.1:29511", rank=0, world_size=1)
    model.pos_embed.requires_grad_(False)
    return torch.nn.parallel.DistributedDataParallel(model)


if __name__ == "__main__":
    folder = sys.argv[1]
    step(folder, "eager-f32")
    step(folder, "scaled-amp-bf16", "amp-bf16", scale=1024.0)
    step(folder, "scaled-amp-fp16", "amp-fp16", scale=256.0)
    step(folder, "compiled-blocks-f32", wrap=compiled_blocks)
    step(folder, "compiled-whole-f32", wrap=lambda m: torch.compile(m, backend="eager"))
    step(folder, "distributed-f32", wrap=distributed)
