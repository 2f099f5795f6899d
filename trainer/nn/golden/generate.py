"""Writes golden.json: what PyTorch computes, in float64, for networks with simple known weights.

    pip install torch==2.13.0 && python generate.py

Weights and images are made by formula.py, so that the other side makes the same ones without a file.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from formula import numbers
from written import write

torch.set_default_dtype(torch.float64)


def values(name, shape, scale):
    return torch.tensor(numbers(name, math.prod(shape), scale)).reshape(shape)


def kernel(name, height, inputs, outputs, scale):
    """Made in the order [height, width, in, out], turned to PyTorch's."""
    return values(name, (height, height, inputs, outputs), scale).permute(3, 2, 0, 1).contiguous()


def images(name, n, size, channels):
    return values(name, (n, size, size, channels), 1.0).permute(0, 3, 1, 2).contiguous()


def channels_last(tensor):
    return tensor.permute(0, 2, 3, 1).reshape(-1).tolist()


def convolution(size, window, stride, inputs=2, outputs=3):
    x = images("x", 2, size, inputs).requires_grad_()
    w = kernel("w", window, inputs, outputs, 0.5).requires_grad_()
    y = functional.conv2d(x, w, stride=stride, padding=(window - 1) // 2)
    direction = values("dy", (2, y.shape[2], y.shape[3], outputs), 1.0).permute(0, 3, 1, 2)
    (y * direction).sum().backward()
    return {
        "size": size,
        "window": window,
        "stride": stride,
        "inputs": inputs,
        "outputs": outputs,
        "shape": [2, y.shape[2], y.shape[3], outputs],
        "y": channels_last(y.detach()),
        "dx": channels_last(x.grad),
        "dw": w.grad.permute(2, 3, 1, 0).reshape(-1).tolist(),
    }


def normalisation():
    x = values("x", (6, 3), 2.0).requires_grad_()
    norm = nn.BatchNorm1d(3)
    with torch.no_grad():
        norm.weight.copy_(values("weight", (3,), 1.0))
        norm.bias.copy_(values("bias", (3,), 1.0))
    first = norm(x)
    (first * values("dy", (6, 3), 1.0)).sum().backward()
    gradients = {"dx": x.grad.reshape(-1).tolist(), "dw": norm.weight.grad.tolist(), "db": norm.bias.grad.tolist()}
    norm(values("x2", (6, 3), 1.0))
    norm.eval()
    return {
        "y": first.detach().reshape(-1).tolist(),
        **gradients,
        "running_mean": norm.running_mean.tolist(),
        "running_var": norm.running_var.tolist(),
        "evaluated": norm(x).detach().reshape(-1).tolist(),
    }


def pooling():
    x = functional.relu(images("x", 2, 8, 2))
    y = functional.max_pool2d(x, 3, stride=2, padding=1)
    return {"shape": [2, y.shape[2], y.shape[3], 2], "y": channels_last(y)}


class Block(nn.Module):
    """Either kind of residual block, written from the paper's figures with torchvision's names."""

    def __init__(self, inputs, planes, stride, wide):
        super().__init__()
        outputs = planes * 4 if wide else planes
        shapes = [(inputs, planes, 1, 1), (planes, planes, 3, stride), (planes, outputs, 1, 1)] if wide else [
            (inputs, planes, 3, stride),
            (planes, planes, 3, 1),
        ]
        self.count = len(shapes)
        for index, (a, b, size, step) in enumerate(shapes, 1):
            setattr(self, f"conv{index}", nn.Conv2d(a, b, size, stride=step, padding=size // 2, bias=False))
            setattr(self, f"bn{index}", nn.BatchNorm2d(b))
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for index in range(1, self.count + 1):
            y = getattr(self, f"bn{index}")(getattr(self, f"conv{index}")(y))
            if index < self.count:
                y = functional.relu(y)
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class Residual(nn.Module):
    def __init__(self, depths, wide, width, channels, imagenet):
        super().__init__()
        self.imagenet = imagenet
        size, stride = (7, 2) if imagenet else (3, 1)
        self.conv1 = nn.Conv2d(channels, width, size, stride=stride, padding=size // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, depth in enumerate(depths):
            planes = width * 2**stage
            blocks = []
            for block in range(depth):
                blocks.append(Block(inputs, planes, 2 if block == 0 and stage > 0 else 1, wide))
                inputs = planes * (4 if wide else 1)
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        if self.imagenet:
            y = functional.max_pool2d(y, 3, stride=2, padding=1)
        for stage in range(1, 5):
            y = getattr(self, f"layer{stage}")(y)
        return y.mean((2, 3))


def network(depths, wide, imagenet, size):
    net = Residual(depths, wide, 4, 2, imagenet)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if parameter.ndim == 4:
                outputs, inputs, height, _ = parameter.shape
                parameter.copy_(kernel(name, height, inputs, outputs, 0.5))
            else:
                parameter.copy_(values(name, parameter.shape, 0.5) + (1 if name.endswith("weight") else 0))
    x = images("x", 8, size, 2)
    y = net(x)
    (y * values("dy", tuple(y.shape), 1.0)).sum().backward()
    # A norm and a projection of every gradient say whether it is the same one.
    def summary(parameter):
        gradient = parameter.grad
        if gradient.ndim == 4:
            gradient = gradient.permute(2, 3, 1, 0)
        flat = gradient.reshape(-1)
        return [flat.norm().item(), (flat * values("probe", (flat.numel(),), 1.0)).sum().item()]

    return {
        "size": size,
        "shape": list(y.shape),
        "y": y.detach().reshape(-1).tolist(),
        "gradients": {name: summary(parameter) for name, parameter in net.named_parameters()},
        "running": {name: buffer.tolist() for name, buffer in net.named_buffers() if name.startswith("bn1.running")},
        "evaluated": net.eval()(x).detach().reshape(-1).tolist(),
    }


golden = {
    "torch": torch.__version__,
    "convolutions": [
        convolution(8, 3, 2),
        convolution(7, 3, 2),
        convolution(8, 3, 1),
        convolution(8, 7, 2),
        convolution(7, 7, 2),
        convolution(8, 1, 2),
    ],
    "normalisation": normalisation(),
    "pooling": pooling(),
    "basic": network((2, 2, 2, 2), False, False, 16),
    # Shallow on purpose: at the depth of ResNet-50 float32 puts single activations on the other side of a ReLU, and the
    # gradients differ by what those carry.
    "bottleneck": network((1, 2, 1, 1), True, True, 64),
}

write(__file__, "golden.json", golden)
