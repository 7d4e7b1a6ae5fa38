"""One training step of a SiT in Flax linen on a CPU, written by docs/recipes/dump_flax.py as any user would.

    pip install jax flax numpy
    python make_flax_sit.py        # -> foreign/flax-sit-f32.npz

Weights and inputs are random numbers.
"""
import pathlib, sys
import jax, jax.numpy as jnp
import flax.linen as nn

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / ".." / "docs" / "recipes"))
from dump_flax import record_step

CONFIG = dict(model="sit", size=6, patch=2, channels=3, classes=5, width=24, depth=2, heads=3, k=1, acc=10)


def norm(name):
    return nn.LayerNorm(epsilon=1e-6, use_bias=False, use_scale=False, name=name)


def modulate(x, shift, scale):
    return x * (1 + scale[:, None]) + shift[:, None]


class TimeEmbedder(nn.Module):
    width: int

    @nn.compact
    def __call__(self, t):
        angles = t[:, None] * jnp.exp(-jnp.log(10000.0) * jnp.arange(128) / 128)
        x = jnp.concatenate([jnp.cos(angles), jnp.sin(angles)], -1)
        x = nn.Dense(self.width)(x)
        return nn.Dense(self.width)(nn.silu(x))


class Attention(nn.Module):
    heads: int

    @nn.compact
    def __call__(self, x):
        d = x.shape[-1]
        q, k, v = (nn.DenseGeneral((self.heads, d // self.heads), name=n)(x) for n in ("query", "key", "value"))
        return nn.DenseGeneral(d, axis=(-2, -1), name="out")(nn.dot_product_attention(q, k, v))


class Mlp(nn.Module):
    @nn.compact
    def __call__(self, x):
        hidden = nn.Dense(4 * x.shape[-1])(x)
        return nn.Dense(x.shape[-1])(nn.gelu(hidden))


class Block(nn.Module):
    heads: int

    @nn.compact
    def __call__(self, x, c):
        s1, g1, a1, s2, g2, a2 = jnp.split(nn.Dense(6 * x.shape[-1], name="adaLN")(nn.silu(c)), 6, -1)
        x = x + a1[:, None] * Attention(self.heads, name="attn")(modulate(norm("norm1")(x), s1, g1))
        return self.perturb("result", x + a2[:, None] * Mlp(name="mlp")(modulate(norm("norm2")(x), s2, g2)))


class VelocityLayer(nn.Module):
    out: int

    @nn.compact
    def __call__(self, x, c):
        shift, scale = jnp.split(nn.Dense(2 * x.shape[-1], name="adaLN")(nn.silu(c)), 2, -1)
        return nn.Dense(self.out, name="linear")(modulate(norm("norm_final")(x), shift, scale))


class SiT(nn.Module):
    size: int
    patch: int
    channels: int
    classes: int
    width: int
    depth: int
    heads: int

    @nn.compact
    def __call__(self, x, times, y):
        g, p, d = self.size // self.patch, self.patch, self.width
        x = nn.Conv(d, (p, p), strides=p, padding="VALID", name="x_embedder")(x).reshape(-1, g * g, d)
        x = x + jax.lax.stop_gradient(self.param("pos_embed", nn.initializers.normal(0.5), (1, g * g, d)))
        c = TimeEmbedder(d, name="t_embedder")(times[0]) + nn.Embed(self.classes + 1, d, name="y_embedder")(y)
        for i in range(1, self.depth + 1):
            x = Block(self.heads, name=f"blocks_{i}")(x, c)
        x = VelocityLayer(p * p * self.channels, name="velocity_layer")(x, c)
        x = x.reshape(-1, g, g, p, p, self.channels)
        return x.transpose(0, 1, 3, 2, 4, 5).reshape(-1, self.size, self.size, self.channels)


def losses(apply, x0, x1, times, y):
    t = times[0][:, None, None, None]
    v = apply(t * x1 + (1 - t) * x0, times, y)
    deep = jnp.mean((v - (x1 - x0)) ** 2)
    return {"deep": deep, "total": deep}, {"velocity/1": v}


if __name__ == "__main__":
    model = SiT(*(CONFIG[k] for k in ("size", "patch", "channels", "classes", "width", "depth", "heads")))
    keys = iter(jax.random.split(jax.random.key(1), 100))
    shape = (3, CONFIG["size"], CONFIG["size"], CONFIG["channels"])
    x0, x1 = jax.random.normal(next(keys), shape), jax.random.normal(next(keys), shape)
    times, y = [jax.random.uniform(next(keys), (3,))], jax.random.randint(next(keys), (3,), 0, CONFIG["classes"] + 1)
    variables = model.init(next(keys), x0, times, y)
    # zero-initialised biases and embeddings would hide mistakes
    params = jax.tree_util.tree_map(lambda p: p + 0.1 * jax.random.normal(next(keys), p.shape), variables["params"])
    record_step(HERE / "foreign" / "flax-sit-f32.npz", model, variables | {"params": params}, losses,
                x0, x1, times, y, CONFIG, betas=[1.0])
