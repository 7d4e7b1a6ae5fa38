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
import safetensors.torch  # noqa: E402
import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402

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


def dump(name, config, more, *model_and_losses):
    peer.CONFIGS[name] = config
    args = peer.arguments(["dump", "--config", "tiny-2t", "--seed", "11", "--out", str(here / "steps"), "--name", name, *more])
    args.config = name
    peer.dump(args, *model_and_losses)


for name, (config, more) in STEPS.items():
    dump(name, config, more)


# What the peer itself has not: normalised queries and keys, learned sigma, the names of SiT, given key layers, and the
# loss of SSL alignment, whose projectors see the tokens of all samples in one axis.
class NormedAttention(peer.Attention):
    def __init__(self, width, heads):
        super().__init__(width, heads)
        self.q_norm, self.k_norm = nn.LayerNorm(width // heads), nn.LayerNorm(width // heads)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = F.scaled_dot_product_attention(self.q_norm(q), self.k_norm(k), v)
        return self.proj(x.transpose(1, 2).reshape(b, n, d))


class Variant(peer.DeepFlow):
    def __init__(self, qk_norm=False, learn_sigma=False, model="deepflow", keys=None, **config):
        super().__init__(**config)
        width, self.out_channels = config["width"], config["channels"] * (2 if learn_sigma else 1)
        self.keys = keys or self.keys
        for block in self.blocks if qk_norm else []:
            block.attn = NormedAttention(width, config["heads"])
        out = config["patch"] ** 2 * self.out_channels
        self.final_layer = nn.ModuleList(peer.DynLayer(width, out) for _ in range(2))
        self.final_acc_layer = peer.DynLayer(width, out)
        self.sit = model == "sit"
        if self.sit:
            self.final_layer = peer.DynLayer(width, out)
            del self.dt_embedder, self.df_blocks, self.final_acc_layer
        for projector in getattr(self, "projectors", []):
            projector.register_forward_pre_hook(lambda _, inputs: inputs[0].flatten(0, 1))

    def unpatchify(self, x):
        b, g, p, c = x.shape[0], self.size // self.patch, self.patch, self.out_channels
        image = x.view(b, g, g, p, p, c).permute(0, 5, 1, 3, 2, 4).reshape(b, c, g * p, g * p)
        return image[:, :self.channels]

    def forward(self, x, ts, y):
        if not self.sit:
            result = super().forward(x, ts, y)
            self.projected = result[3]
            return result
        x = self.x_embedder.proj(x).flatten(2).transpose(1, 2) + self.pos_embed
        c = self.t_embedder(ts[0]) + self.y_embedder(y)
        for block in self.blocks:
            x = block(x, c)
        return [self.unpatchify(self.final_layer(x, c))], [], [], []


def variant_losses(z):
    def losses(model, *args):
        result = peer.losses(model, *args)
        if z is not None:
            p = torch.stack(model.projected).view(-1, *z.shape)
            ssl = result[0]["ssl"] = -F.cosine_similarity(p, z[None].to(p.dtype), -1, 1e-12).mean()
            result[0]["total"] = result[0]["total"] + 0.5 * ssl
        return result
    return losses


def around_one(model, seed, plain=peer.random_weights):
    plain(model, seed)
    for name, p in model.named_parameters():
        if name.endswith(("q_norm.weight", "k_norm.weight")):
            p.data += 1


peer.random_weights = around_one
SMALL = dict(size=4, patch=2, channels=2, classes=3, width=12, heads=3, acc=5)
VARIANTS = {
    "qk-norm-alignment-f64": (dict(SMALL, depth=3, k=2, keys=[2], qk_norm=True, ssl_dim=8), []),
    "qk-norm-alignment-bf16": (dict(SMALL, depth=3, k=2, keys=[2], qk_norm=True, ssl_dim=8), ["--precision", "bf16"]),
    "learned-sigma-f64": (dict(SMALL, depth=2, k=2, learn_sigma=True), []),
    "sit-learned-sigma-f64": (dict(SMALL, depth=2, k=1, model="sit", learn_sigma=True, qk_norm=True), []),
}
save = safetensors.torch.save_file
for name, (config, more) in VARIANTS.items():
    z = None
    if "ssl_dim" in config:
        shape = (3, (config["size"] // config["patch"]) ** 2, config["ssl_dim"])
        z = torch.randn(shape, generator=torch.Generator().manual_seed(5)).to(torch.bfloat16)
    inputs = {} if z is None else {"in.z": z}
    safetensors.torch.save_file = lambda tensors, path, metadata: save(tensors | inputs, path, metadata)
    dump(name, config, more, Variant(**config), variant_losses(z))
