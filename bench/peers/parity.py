"""VICReg's algorithm in PyTorch, one step at a time from a given state: the other side of the parity test.

Each line of the input names a folder. In it `in.json` describes the step and the tensors of `in.bin` (float32, one after
the other), by the names and in the layout of the trainer's state: a kernel is [height, width, in, out], a linear weight
[in, out]. The answer is `out.bin`, the same tensors after the step in float32, `exact.bin`, the same computed and written
in float64, and a line of JSON with the loss and its terms in float64.
"""
import json
import os
import sys

import numpy
import torch
from torch.nn import functional

torch.set_num_threads(2)
BATCH_NORM_MOMENTUM = 0.1


def batch_norm(state, path, x):
    axes = [0] if x.ndim == 2 else [0, 2, 3]
    count = x.numel() // x.shape[1]
    with torch.no_grad():
        mean = x.mean(axes)
        variance = x.var(axes, unbiased=False) * count / (count - 1)
        for name, value in (("running_mean", mean), ("running_var", variance)):
            running = state[f"{path}/{name}"]
            running.mul_(1 - BATCH_NORM_MOMENTUM).add_(value, alpha=BATCH_NORM_MOMENTUM)
    return functional.batch_norm(x, None, None, state[f"{path}/weight"], state[f"{path}/bias"], training=True)


def convolution(state, path, x, stride):
    kernel = state[f"{path}/weight"].permute(3, 2, 0, 1)
    return functional.conv2d(x, kernel, stride=stride, padding=(kernel.shape[2] - 1) // 2)


def block(state, path, x, stride):
    y = functional.relu(batch_norm(state, f"{path}/bn1", convolution(state, f"{path}/conv1", x, stride)))
    y = batch_norm(state, f"{path}/bn2", convolution(state, f"{path}/conv2", y, 1))
    if f"{path}/downsample/0/weight" in state:
        x = batch_norm(state, f"{path}/downsample/1", convolution(state, f"{path}/downsample/0", x, stride))
    return functional.relu(y + x)


def encode(state, x, stem_stride):
    path = "encoder"
    x = functional.relu(batch_norm(state, f"{path}/bn1", convolution(state, f"{path}/conv1", x, stem_stride)))
    for stage in range(1, 5):
        for place in range(2):
            x = block(state, f"{path}/layer{stage}/{place}", x, 2 if stage > 1 and place == 0 else 1)
    return x.mean((2, 3))


def expand(state, x, layers):
    for layer in range(layers - 1):
        x = x @ state[f"expander/{3 * layer}/weight"] + state[f"expander/{3 * layer}/bias"]
        x = functional.relu(batch_norm(state, f"expander/{3 * layer + 1}", x))
    return x @ state[f"expander/{3 * (layers - 1)}/weight"]


def off_diagonal(matrix):
    return matrix.pow(2).sum() - matrix.diagonal().pow(2).sum()


def terms(x, y):
    rows, columns = x.shape
    invariance = functional.mse_loss(x, y)
    x = x - x.mean(dim=0)
    y = y - y.mean(dim=0)
    variance = sum(functional.relu(1 - torch.sqrt(z.var(dim=0) + 0.0001)).mean() / 2 for z in (x, y))
    covariance = sum(off_diagonal((z.T @ z) / (rows - 1)) / columns for z in (x, y))
    return invariance, variance, covariance


def lars(weight, gradient, momentum, lr):
    direction = gradient
    if weight.ndim != 1:
        direction = direction + 1e-6 * weight
        weight_norm, norm = weight.norm(), direction.norm()
        if weight_norm > 0 and norm > 0:
            direction = direction * (0.001 * weight_norm / norm)
    momentum.mul_(0.9).add_(direction)
    weight.sub_(lr * momentum)


def step(folder, description, values, dtype, name):
    state, inputs, at = {}, {}, 0
    for tensor in description["tensors"]:
        size = int(numpy.prod(tensor["shape"], dtype=numpy.int64))
        array = torch.from_numpy(values[at : at + size].copy()).to(dtype).reshape(tensor["shape"])
        (inputs if tensor["name"].startswith("view/") else state)[tensor["name"]] = array
        at += size
    trained = [name for name in state if f"optimizer/momentum/{name}" in state]
    for weight in trained:
        state[weight].requires_grad_(True)
    views = [inputs[f"view/{number}"].permute(0, 3, 1, 2) for number in range(2)]
    layers = description["layers"]
    embeddings = [expand(state, encode(state, view, description["stemStride"]), layers) for view in views]
    invariance, variance, covariance = terms(*embeddings)
    loss = 25 * invariance + 25 * variance + covariance
    gradients = torch.autograd.grad(loss, [state[weight] for weight in trained])
    with torch.no_grad():
        for weight, gradient in zip(trained, gradients):
            lars(state[weight], gradient, state[f"optimizer/momentum/{weight}"], description["lr"])
    with open(os.path.join(folder, name), "wb") as file:
        for tensor in description["tensors"]:
            if tensor["name"] in state:
                state[tensor["name"]].detach().numpy().tofile(file)
    found = {"loss": loss, "invariance": invariance, "variance": variance, "covariance": covariance}
    return {term: value.item() for term, value in found.items()}


for line in sys.stdin:
    place = line.strip()
    with open(os.path.join(place, "in.json"), encoding="utf-8") as source:
        asked = json.load(source)
    given = numpy.fromfile(os.path.join(place, "in.bin"), dtype=numpy.float32)
    step(place, asked, given, torch.float32, "out.bin")
    print(json.dumps(step(place, asked, given, torch.float64, "exact.bin")), flush=True)
