"""Makes the correct steps that the thresholds of docs/check.md were measured on: configurations x seeds x precisions.

    venv/bin/python testdata/sweep.py FOLDER      (packages as for make_steps.py; writes about 750 MB)
    ./deepflow check FOLDER/*.safetensors
"""
import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here / "peer"))
import deepflow_torch as peer  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)
MORE = {
    "k4": dict(size=8, patch=2, channels=4, classes=10, width=32, depth=8, heads=4, k=4, acc=24),
    "p4": dict(size=16, patch=4, channels=3, classes=5, width=48, depth=4, heads=3, k=2, acc=40),
    "odd": dict(size=6, patch=2, channels=1, classes=3, width=36, depth=3, heads=4, k=3, acc=20),
    "clamp": dict(size=8, patch=2, channels=4, classes=10, width=32, depth=4, heads=2, k=2, acc=48, clamp=True),
    "t1": dict(size=2, patch=2, channels=1, classes=2, width=12, depth=2, heads=3, k=2, acc=5),
}
peer.CONFIGS.update(MORE)
for config in ["tiny-2t", "tiny-3t", "tiny-sit", *MORE]:
    for seed in range(6):
        for precision in ["f64", "f32", "bf16", "fp16", "amp-bf16", "amp-fp16"]:
            for step in [False, True] if seed == 0 and precision in ("f64", "f32", "bf16") else [False]:
                args = peer.arguments([
                    "dump", "--config", "tiny-2t", "--seed", str(100 + seed), "--precision", precision,
                    "--batch", str(1 + seed % 4), "--out", sys.argv[1],
                    "--name", f"{config}-{precision}-{seed}" + ("-step" if step else ""), *(["--step"] if step else [])])
                args.config = config
                peer.dump(args)
