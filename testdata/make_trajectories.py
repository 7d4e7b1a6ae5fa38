"""Makes testdata/trajectories: weights of a tiny model, and where samplers end that start from given noise.

    python -m venv venv && venv/bin/pip install torch==2.13.0 safetensors numpy scipy
    venv/bin/python testdata/make_trajectories.py [FOLDER]

The samplers are written here from their formulas, around the model of peer/deepflow_torch.py in float64; they share no
code with this project. Dormand-Prince is SciPy's RK45, one sample at a time.
"""
import json
import math
import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here / "peer"))
import deepflow_torch as peer  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from scipy.integrate import RK45  # noqa: E402

torch.set_num_threads(1)
CONFIG = dict(size=4, patch=2, channels=3, classes=3, width=16, depth=2, heads=2, k=2, acc=12)
FLOWS = {"linear": {}, "cosine-difference": dict(path="cosine", target="difference"),
         "cosine-derivative": dict(path="cosine", target="derivative")}
CASES = [  # sampler, steps, scale, low, high
    ("euler", 1, 1.0, 0.0, 1.0), ("euler", 10, 1.0, 0.0, 1.0), ("euler", 20, 1.5, 0.25, 0.75),
    ("heun", 1, 1.0, 0.0, 1.0), ("heun", 10, 2.0, 0.0, 1.0), ("heun", 10, 1.5, 0.3, 0.7),
    ("sde", 2, 1.0, 0.0, 1.0), ("sde", 25, 1.0, 0.0, 1.0), ("sde", 25, 1.325, 0.04, 0.68), ("sde", 13, 3.0, 0.2, 0.9),
    ("dopri5", 0, 1.0, 0.0, 1.0), ("dopri5", 0, 1.5, 0.0, 1.0), ("dopri5", 0, 1.5, 0.3, 0.7),
]


class Flow:
    """alpha, sigma, their derivatives; velocity and score from the model's output u."""

    def __init__(self, path="linear", target="difference"):
        self.path, self.target = path, target

    def coefficients(self, t):
        if self.path == "linear":
            return 1 - t, t, -1.0, 1.0
        a, s = math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)
        return a, s, -math.pi / 2 * s, math.pi / 2 * a

    def velocity(self, x, u, t):
        a, s, da, ds = self.coefficients(t)
        if self.path == "cosine" and self.target == "difference":
            x1 = (x + a * u) / (a + s)
            return da * (x1 - u) + ds * x1
        return u

    def score(self, x, u, t):
        a, s, da, ds = self.coefficients(t)
        if self.path == "cosine" and self.target == "difference":
            return -(x + a * u) / (a + s) / s
        r = a / da
        return (r * u - x) / (s * s - r * ds * s)


def sample(model, flow, x, y, sampler, steps, scale, low, high, increments):
    """Returns the batch at t = 0 and the model evaluations of each sample."""
    classes, evaluations = CONFIG["classes"], 0

    def model_at(x, t, y):
        nonlocal evaluations
        evaluations += 1
        ts = [torch.full((len(x),), t, dtype=torch.float64)] * CONFIG["k"]
        with torch.no_grad():
            return model(x, ts, y)[0][-1]

    def drift(x, t, guided_at, of, y):
        d = of(x, model_at(x, t, y), t)
        if scale > 1 and low <= guided_at <= high:
            d_null = of(x, model_at(x, t, torch.full_like(y, classes)), t)
            d = d_null + scale * (d - d_null)
        return d

    if sampler == "sde":
        times = torch.linspace(1, 0.04, steps, dtype=torch.float64).tolist() + [0.0]
        for i in range(steps):
            t, dt = times[i], times[i + 1] - times[i]
            of = lambda x, u, t: flow.velocity(x, u, t) - 0.5 * 2 * t * flow.score(x, u, t)  # noqa: E731
            x = x + drift(x, t, t, of, y) * dt
            if i < steps - 1:
                x = x + math.sqrt(2 * t) * math.sqrt(-dt) * increments[i]
        return x, evaluations
    if sampler == "dopri5":
        ends, counts = [], []
        for x1, label in zip(x, y):
            evaluations = 0

            def f(t, v):
                d = drift(torch.from_numpy(v).reshape(1, *x1.shape), t, t, flow.velocity, label.reshape(1))
                return d.reshape(-1).numpy()

            solver = RK45(f, 1.0, x1.reshape(-1).numpy(), 0.0, rtol=1e-3, atol=1e-6)
            while solver.status == "running":
                solver.step()
            assert solver.status == "finished"
            ends.append(torch.from_numpy(solver.y).reshape(x1.shape))
            counts.append(evaluations)
        return torch.stack(ends), counts
    times = torch.linspace(1, 0, steps + 1, dtype=torch.float64).tolist()
    for i in range(steps):
        t, u, dt = times[i], times[i + 1], times[i + 1] - times[i]
        d = drift(x, t, t, flow.velocity, y)
        ahead = x + dt * d
        if sampler == "heun" and i < steps - 1:
            ahead = x + dt * (0.5 * d + 0.5 * drift(ahead, u, t, flow.velocity, y))
        x = ahead
    return x, evaluations


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "trajectories"
    out.mkdir(exist_ok=True)
    model = peer.DeepFlow(**CONFIG)
    peer.random_weights(model, 40)
    g = torch.Generator().manual_seed(41)
    n, shape = 4, (CONFIG["channels"], CONFIG["size"], CONFIG["size"])
    tensors = {"noise": torch.randn((n, *shape), generator=g, dtype=torch.float64), "labels": torch.tensor([0, 2, 1, 3])}
    largest = max(c[1] for c in CASES if c[0] == "sde")
    tensors["increments"] = torch.randn((largest - 1, n, *shape), generator=g, dtype=torch.float64)
    cases = {}
    for name, metadata in FLOWS.items():
        weights = {k: v.detach().float().contiguous() for k, v in model.state_dict().items()}
        save_file(weights, out / f"{name}.safetensors", metadata={"config": json.dumps(CONFIG), **metadata})
        double = model.float().double()
        for i, (sampler, steps, scale, low, high) in enumerate(CASES):
            x, evaluations = sample(double, Flow(**metadata), tensors["noise"], tensors["labels"], sampler, steps, scale, low,
                                    high, tensors["increments"])
            key = f"{name}.{i}"
            tensors[f"{key}.out"] = x
            cases[key] = json.dumps(dict(weights=name, sampler=sampler, steps=steps, scale=scale, low=low, high=high,
                                         evaluations=evaluations))
        model.float()
    save_file({k: v.contiguous() for k, v in tensors.items()}, out / "cases.safetensors",
              metadata={"producer": f"torch {torch.__version__}", **{f"case.{k}": v for k, v in cases.items()}})


main()
