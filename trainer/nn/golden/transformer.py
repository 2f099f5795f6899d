"""Writes transformer.json: what PyTorch computes, in float64, for a small vision transformer and for its parts.

    pip install torch==2.13.0 && python transformer.py

Weights and images are made by formula.py, as in generate.py. The network is written from Dosovitskiy et al. 2021, with the names that
timm and DINO have.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from formula import numbers
from written import write

torch.set_default_dtype(torch.float64)

PATCH, WIDTH, DEPTH, HEADS, IMAGE, CHANNELS = 4, 12, 3, 3, 12, 2


def values(name, shape, scale):
    return torch.tensor(numbers(name, math.prod(shape), scale)).reshape(shape)


def images(height, width):
    return values("x", (4, height, width, CHANNELS), 1.0).permute(0, 3, 1, 2).contiguous()


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        heads = [part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1)]
        return self.proj(functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.fc2 = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.mlp = Perceptron()

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(CHANNELS, WIDTH, PATCH, stride=PATCH)

    def forward(self, x):
        return self.proj(x)


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.side = IMAGE // PATCH
        self.patch_embed = Patches()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.side**2, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)

    def places(self, rows, columns):
        grid = self.pos_embed[:, 1:].unflatten(1, (self.side, self.side)).permute(0, 3, 1, 2)
        resized = functional.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
        return torch.cat([self.pos_embed[:, :1], resized.flatten(2).transpose(1, 2)], dim=1)

    def forward(self, x):
        """The class token and the tokens of the patches, after the last norm."""
        patches = self.patch_embed(x)
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), patches.flatten(2).transpose(1, 2)], dim=1)
        tokens = tokens + self.places(*patches.shape[2:])
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        return tokens[:, 0], tokens[:, 1:]


def turned(tensor):
    """From PyTorch's order of dimensions to ours."""
    return {4: (2, 3, 1, 0), 2: (1, 0)}.get(tensor.ndim)


def set_by_formula(net):
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            order = turned(parameter)
            if order:
                shape = [parameter.shape[axis] for axis in order]
                back = [order.index(axis) for axis in range(parameter.ndim)]
                parameter.copy_(values(name, shape, 0.5).permute(back))
            else:
                offset = 1 if parameter.ndim == 1 and name.endswith("weight") else 0
                parameter.copy_(values(name, parameter.shape, 0.5) + offset)


def network(height, width):
    net = Transformer()
    set_by_formula(net)
    pooled, tokens = net(images(height, width))
    (pooled * values("dy", tuple(pooled.shape), 1.0)).sum().backward()

    def summary(parameter):
        order = turned(parameter)
        flat = (parameter.grad.permute(order) if order else parameter.grad).reshape(-1)
        return [flat.norm().item(), (flat * values("probe", (flat.numel(),), 1.0)).sum().item()]

    return {
        "height": height,
        "width": width,
        "pooled": pooled.detach().reshape(-1).tolist(),
        "res5": tokens.detach().reshape(-1).tolist(),
        "gradients": {name: summary(parameter) for name, parameter in net.named_parameters()},
    }


def part(compute, x, weights=()):
    """Output and gradients of a function of x and of what it trains."""
    x.requires_grad_()
    y = compute(x)
    (y * values("dy", tuple(y.shape), 1.0)).sum().backward()
    return {
        "y": y.detach().reshape(-1).tolist(),
        "dx": x.grad.reshape(-1).tolist(),
        "gradients": [weight.grad.reshape(-1).tolist() for weight in weights],
    }


norm = nn.LayerNorm(5, eps=1e-6)
with torch.no_grad():
    norm.weight.copy_(values("weight", (5,), 1.0))
    norm.bias.copy_(values("bias", (5,), 1.0))


def resized(rows, columns):
    grid = values("positions", (1, 9, 2), 1.0).unflatten(1, (3, 3)).permute(0, 3, 1, 2)
    made = functional.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
    return {"rows": rows, "columns": columns, "y": made.flatten(2).transpose(1, 2).reshape(-1).tolist()}


golden = {
    "torch": torch.__version__,
    "shape": {"patch": PATCH, "width": WIDTH, "depth": DEPTH, "heads": HEADS, "imageSize": IMAGE, "channels": CHANNELS},
    "norm": part(norm, values("x", (2, 3, 5), 2.0), (norm.weight, norm.bias)),
    "gelu": part(functional.gelu, values("x", (40,), 6.0)),
    "positions": [resized(2, 2), resized(5, 4), resized(7, 3)],
    # At the size its positions are for, at a larger one that is no square, and with pixels left over.
    "networks": [network(12, 12), network(20, 16), network(11, 14)],
}

write(__file__, "transformer.json", golden)
