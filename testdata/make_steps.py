"""Makes the small training steps in testdata/steps that are not copies of the project's parity dumps.

    python -m venv venv && venv/bin/pip install torch==2.13.0 safetensors numpy
    venv/bin/python testdata/make_steps.py

Each is one step of peer/deepflow_torch.py at a size that shows what the larger ones do not: four branches, three
branches with heads of nine channels, a clamped scale, one token, patches of four, one sample, an optimizer step.
"""
import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here / "peer"))
import deepflow_torch as peer  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)
STEPS = {  # name: (configuration, further arguments)
    "four-branches-f64": (dict(size=4, patch=2, channels=2, classes=3, width=12, depth=8, heads=2, k=4, acc=7), []),
    "nine-channel-heads-f64": (dict(size=6, patch=2, channels=1, classes=3, width=36, depth=3, heads=4, k=3, acc=5), []),
    "clamped-f64": (dict(size=4, patch=2, channels=3, classes=4, width=16, depth=2, heads=4, k=2, acc=6, clamp=True), []),
    "one-token-step-f64": (dict(size=2, patch=2, channels=1, classes=2, width=12, depth=2, heads=3, k=2, acc=5), ["--step"]),
    "one-token-step-bf16": (dict(size=2, patch=2, channels=1, classes=2, width=12, depth=2, heads=3, k=2, acc=5),
                            ["--step", "--precision", "bf16"]),
    "patch-four-one-sample-f32": (dict(size=8, patch=4, channels=3, classes=5, width=24, depth=2, heads=3, k=2, acc=10),
                                  ["--precision", "f32", "--batch", "1"]),
    "patch-four-amp-fp16": (dict(size=8, patch=4, channels=3, classes=5, width=24, depth=2, heads=3, k=2, acc=10),
                            ["--precision", "amp-fp16"]),
}
for name, (config, more) in STEPS.items():
    peer.CONFIGS[name] = config
    args = peer.arguments(["dump", "--config", "tiny-2t", "--seed", "11", "--out", str(here / "steps"), "--name", name, *more])
    args.config = name
    peer.dump(args)
