"""Times a training step and a forward pass of the PyTorch peer on a GPU, as `deepflow bench` does, for gpu-bridge/run-on-gpu.

    python gpu-bridge/bench_torch.py xl-3t@24 32 bf16

Products: full (float32), tf32, bf16 and fp16 (autocast: torch has no other way, and rounds more than products).
"""
import json
import pathlib
import re
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "testdata" / "peer"))
import deepflow_torch as peer  # noqa: E402

WIDTHS = {"b": (768, 12), "l": (1024, 16), "xl": (1152, 16)}
WARM_UP, STEPS = 5, 20


def configuration(name):
    """b-2t@12 and the like are the paper's; other names the peer's own."""
    m = re.fullmatch(r"(b|l|xl)-(\d)t@(\d+)", name)
    if not m:
        return peer.CONFIGS[name]
    width, heads = WIDTHS[m[1]]
    return dict(size=32, patch=2, channels=4, classes=1000, width=width, depth=int(m[3]), heads=heads, k=int(m[2]),
                acc=2048)


def main(name, samples, products):
    torch.backends.cuda.matmul.allow_tf32 = products == "tf32"
    torch.backends.cudnn.allow_tf32 = products == "tf32"
    low = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(products)
    cfg = configuration(name)
    torch.manual_seed(0)
    model = peer.DeepFlow(**cfg)
    peer.random_weights(model, 0)
    x0, x1, ts, y = peer.batch(cfg, samples, 1, torch.float32)
    torch.set_default_device("cuda")
    model, x0, x1, y, ts = model.cuda(), x0.cuda(), x1.cuda(), y.cuda(), [t.cuda() for t in ts]
    opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4, weight_decay=0.0)
    scaler = torch.amp.GradScaler("cuda", enabled=products == "fp16")

    def train_step():
        opt.zero_grad(set_to_none=True)
        with torch.autocast("cuda", dtype=low or torch.bfloat16, enabled=low is not None):
            loss = peer.losses(model, x0, x1, ts, y, [0.2] * (cfg["k"] - 1) + [1.0], 1.0)[0]["total"]
        scaler.scale(loss).backward()
        scaler.unscale_(opt)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(opt)
        scaler.update()

    @torch.no_grad()
    def forward():
        with torch.autocast("cuda", dtype=low or torch.bfloat16, enabled=low is not None):
            model(x1, [ts[0]] * cfg["k"], y)

    for what, work in (("train_step", train_step), ("forward", forward)):
        times = []
        for i in range(WARM_UP + STEPS):
            torch.cuda.synchronize()
            start = time.perf_counter()
            work()
            torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        times = sorted(times[WARM_UP:])
        median = times[len(times) // 2]
        print(json.dumps(dict(what=what, config=name, batch=samples, device=torch.cuda.get_device_name(),
                              matmul_precision=products, torch=torch.__version__, median_ms=round(1e3 * median, 3),
                              min_ms=round(1e3 * times[0], 3), images_per_s=round(samples / median, 3))))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
