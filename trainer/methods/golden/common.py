"""What the golden values of every method are made with: a linear encoder, given weights, plain SGD, in PyTorch's float64.

A method's script builds the method from its paper's formulas or its official code on `Weights`, takes three steps on the same
images, and writes the losses and everything that is kept. `trainer/testing/golden-method.ts` does the same with our method.

    pip install torch==2.13.0 && python simclr.py
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

ROWS, CHANNELS, FEATURES = 16, 5, 6
RATE, MOMENTUM, STEPS = 0.01, 0.9, 3


def fill(name, shape):
    """What a variable begins with: a sine whose phase comes from its name. Scales of a norm lie around 1, numbers
    of clusters are whole and below 5, rows of prototypes are of length 1."""
    k = torch.arange(int(torch.tensor(shape).prod()), dtype=torch.float64)
    if name.endswith("running_mean"):
        return torch.zeros(shape)
    if name.endswith("running_var"):
        return torch.ones(shape)
    if name.endswith("assignments"):
        return (k * k % 5).reshape(shape)
    # The square keeps a matrix of them from being of rank 2.
    wave = torch.sin(sum(map(ord, name)) + 0.7 * k + 0.05 * k * k).reshape(shape)
    if name == "prototypes/weight":
        return F.normalize(wave, dim=1)
    parent = name.split("/")[-2] if "/" in name else ""
    is_scale = name.endswith("/weight") and len(shape) == 1 and parent != ""
    return 1 + 0.1 * wave if is_scale else 0.5 * wave


def images(view, step, side=None):
    """[ROWS, CHANNELS], or squares of pixels where a side is given."""
    pixels = 1 if side is None else side * side
    k = torch.arange(ROWS * pixels * CHANNELS, dtype=torch.float64)
    values = torch.sin(1 + 0.9 * step + 0.3 * view + 0.37 * k + 0.013 * k * k)
    return values.reshape(ROWS, CHANNELS) if side is None else values.reshape(ROWS, side, side, CHANNELS)


class Weights:
    """Variables by name. Trained ones move by SGD with momentum, the others are set by hand. `processes` is what several
    processes share (see `Processes`); one process alone shares nothing. `larc`: the options of apex's LARC around SGD."""

    def __init__(self, processes=None, larc=None):
        self.trained, self.kept, self.momenta, self.rates = {}, {}, {}, {}
        self.processes, self.larc, self.rate = processes, larc, RATE if larc is None else larc["rate"]

    def trainable(self, name, *shape):
        if name not in self.trained:
            self.trained[name] = fill(name, shape).requires_grad_()
        return self.trained[name]

    def state(self, name, *shape):
        if name not in self.kept:
            self.kept[name] = fill(name, shape)
        return self.kept[name]

    def step(self, loss):
        for weight in self.trained.values():
            weight.grad = None
        loss.backward()
        with torch.no_grad():
            for name, weight in self.trained.items():
                gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
                if self.processes is not None:
                    gradient = self.processes.mean(gradient)
                if self.larc is not None:
                    if weight.grad is None:
                        continue
                    gradient = adapted(weight, gradient, **self.larc)
                self.momenta[name] = MOMENTUM * self.momenta.get(name, 0) + gradient
                weight -= self.rate * self.momenta[name]


def adapted(weight, gradient, rate, eta, weightDecay):
    """NVIDIA/apex at 4a1aa97, apex/parallel/LARC.py lines 86 to 102, with clip=False. It takes in the weight decay of SGD."""
    length, slope = weight.norm(), gradient.norm()
    if length == 0 or slope == 0:
        return gradient
    return (gradient + weightDecay * weight) * eta * length / (slope + length * weightDecay + 1e-8)


def linear(weights, name, x, outputs, bias=True, kept=False):
    make = weights.state if kept else weights.trainable
    product = x @ make(f"{name}/weight", x.shape[1], outputs)
    return product + make(f"{name}/bias", outputs) if bias else product


def moments(weights, x):
    """Mean and biased variance of the rows of every process, and how many these are."""
    if weights.processes is None:
        return x.mean(0), x.var(0, unbiased=False), len(x)
    rows = len(x) * weights.processes.world
    mean = weights.processes.sum(x.sum(0)) / rows
    return mean, weights.processes.sum((x - mean).pow(2).sum(0)) / rows, rows


def batch_norm(weights, name, x, trained="weight and bias", kept=False):
    """In training: the batch's statistics, biased; the running ones move a tenth, the variance unbiased."""
    mean, variance, rows = moments(weights, x)
    with torch.no_grad():
        running = {"running_mean": mean, "running_var": variance * rows / (rows - 1)}
        for key, value in running.items():
            old = weights.state(f"{name}/{key}", x.shape[1])
            weights.kept[f"{name}/{key}"] = 0.9 * old + 0.1 * value
    y = (x - mean) / torch.sqrt(variance + 1e-5)
    make = weights.state if kept else weights.trainable
    if trained != "nothing":
        y = y * make(f"{name}/weight", x.shape[1])
    return y + make(f"{name}/bias", x.shape[1]) if trained == "weight and bias" else y


def encoder(weights, x, name="encoder", kept=False):
    return linear(weights, name, x, FEATURES, bias=False, kept=kept)


def backbone(weights, x, name="encoder", kept=False):
    """A feature map, [rows, side, side, FEATURES]: a convolution of one pixel and a batch norm."""
    rows, height, width, channels = x.shape
    places = encoder(weights, x.reshape(-1, channels), name, kept)
    return batch_norm(weights, f"{name}/norm", places, kept=kept).reshape(rows, height, width, FEATURES)


def pooled(feature_map):
    return feature_map.mean((1, 2))


def perceptron(weights, name, x, widths, hidden_bias=True, output_bias=False, norm=True, output_norm=None, kept=False):
    """Linear, batch norm, ReLU for all widths but the last; numbered as in a Sequential. `output_norm`: what is trained of a
    batch norm after the last."""
    for place, width in enumerate(widths[:-1]):
        x = linear(weights, f"{name}/{3 * place}", x, width, hidden_bias, kept)
        if norm:
            x = batch_norm(weights, f"{name}/{3 * place + 1}", x, kept=kept)
        x = torch.relu(x)
    end = 3 * (len(widths) - 1)
    x = linear(weights, f"{name}/{end}", x, widths[-1], output_bias, kept)
    return x if output_norm is None else batch_norm(weights, f"{name}/{end + 1}", x, trained=output_norm)


def follow(weights, momentum, prefix="teacher/"):
    """Every weight of the teacher becomes `momentum` of itself and the rest of the student's."""
    with torch.no_grad():
        for name, student in weights.trained.items():
            teacher = weights.kept.get(prefix + name)
            if teacher is not None:
                weights.kept[prefix + name] = momentum * teacher + (1 - momentum) * student


def spread(z):
    """VICReg's v(z) and c(z)."""
    zc = z - z.mean(0)
    variance = torch.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean()
    covariance = zc.T @ zc / (len(z) - 1)
    off = covariance[~torch.eye(z.shape[1], dtype=torch.bool)].pow(2).sum() / z.shape[1]
    return variance, off


def regularizers(x, y, variance, covariance):
    (vx, cx), (vy, cy) = spread(x), spread(y)
    return variance * (vx + vy) / 2 + covariance * (cx + cy)


def train(weights, loss_of, after=lambda step: None):
    """Three steps; what came of them."""
    losses = []
    for step in range(STEPS):
        loss = loss_of(step)
        losses.append(loss.item())
        weights.step(loss)
        after(step)
    everything = {**weights.trained, **weights.kept}
    return {
        "losses": losses,
        "state": {name: value.detach().flatten().tolist() for name, value in everything.items()},
    }


def write(script, cases):
    """`cases`: by name, the options of our method and what came of them."""
    Path(script).with_suffix(".json").write_text(json.dumps(cases) + "\n")
