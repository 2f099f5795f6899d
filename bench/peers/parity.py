"""VICReg, SimCLR, BYOL and Barlow Twins in PyTorch, one step at a time from a given state: the other side of the parity test.

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


def encode(state, x, stem_stride, path="encoder"):
    x = functional.relu(batch_norm(state, f"{path}/bn1", convolution(state, f"{path}/conv1", x, stem_stride)))
    for stage in range(1, 5):
        for place in range(2):
            x = block(state, f"{path}/layer{stage}/{place}", x, 2 if stage > 1 and place == 0 else 1)
    return x.mean((2, 3))


def expand(state, x, path):
    layer = 0
    while f"{path}/{layer + 3}/weight" in state:
        x = x @ state[f"{path}/{layer}/weight"] + state.get(f"{path}/{layer}/bias", 0)
        x = functional.relu(batch_norm(state, f"{path}/{layer + 1}", x))
        layer += 3
    return x @ state[f"{path}/{layer}/weight"]


def off_diagonal(matrix):
    return matrix.pow(2).sum() - matrix.diagonal().pow(2).sum()


def vicreg(state, views, description):
    x, y = (expand(state, encode(state, view, description["stemStride"]), "expander") for view in views)
    rows, columns = x.shape
    invariance = functional.mse_loss(x, y)
    x = x - x.mean(dim=0)
    y = y - y.mean(dim=0)
    variance = sum(functional.relu(1 - torch.sqrt(z.var(dim=0) + 0.0001)).mean() / 2 for z in (x, y))
    covariance = sum(off_diagonal((z.T @ z) / (rows - 1)) / columns for z in (x, y))
    loss = 25 * invariance + 25 * variance + covariance
    return {"loss": loss, "invariance": invariance, "variance": variance, "covariance": covariance}


def barlow_twins(state, views, description):
    x, y = (expand(state, encode(state, view, description["stemStride"]), "expander") for view in views)
    x, y = ((z - z.mean(0)) / torch.sqrt(z.var(0, unbiased=False) + 1e-5) for z in (x, y))
    c = x.T @ y / len(x)
    invariance, redundancy = (1 - c.diagonal()).pow(2).sum(), off_diagonal(c)
    loss = invariance + description["options"]["lambda"] * redundancy
    return {"loss": loss, "invariance": invariance, "redundancy": redundancy}


def simclr(state, views, description):
    z = torch.cat([expand(state, encode(state, view, description["stemStride"]), "projector") for view in views])
    z = functional.normalize(z, dim=1)
    rows = len(z)
    scores = z @ z.T / description["options"]["temperature"]
    scores = scores.masked_fill(torch.eye(rows, dtype=torch.bool), float("-inf"))
    return {"loss": functional.cross_entropy(scores, (torch.arange(rows) + rows // 2) % rows)}


def byol(state, views, description):
    stride = description["stemStride"]
    predicted = [expand(state, expand(state, encode(state, view, stride), "projector"), "predictor") for view in views]
    teacher = "learner/teacher"
    targets = [
        expand(state, encode(state, view, stride, f"{teacher}/encoder"), f"{teacher}/projector") for view in views
    ]
    pairs = zip(predicted, reversed(targets))
    return {"loss": sum((2 - 2 * functional.cosine_similarity(p, t, dim=1)).mean() for p, t in pairs)}


methods = {"vicreg": vicreg, "barlow-twins": barlow_twins, "simclr": simclr, "byol": byol}


def follow(state, momentum):
    """The teacher's weights, where there is one."""
    for name, value in state.items():
        if name.startswith("learner/teacher/") and not name.endswith(("running_mean", "running_var")):
            student = state[name.removeprefix("learner/teacher/")]
            value.copy_(momentum * value + (1 - momentum) * student)


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
    found = methods[description["method"]](state, views, description)
    loss = found["loss"]
    gradients = torch.autograd.grad(loss, [state[weight] for weight in trained])
    with torch.no_grad():
        for weight, gradient in zip(trained, gradients):
            lars(state[weight], gradient, state[f"optimizer/momentum/{weight}"], description["lr"])
        follow(state, description["momentum"])
    with open(os.path.join(folder, name), "wb") as file:
        for tensor in description["tensors"]:
            if tensor["name"] in state:
                state[tensor["name"]].detach().numpy().tofile(file)
    return {term: value.item() for term, value in found.items()}


for line in sys.stdin:
    place = line.strip()
    with open(os.path.join(place, "in.json"), encoding="utf-8") as source:
        asked = json.load(source)
    given = numpy.fromfile(os.path.join(place, "in.bin"), dtype=numpy.float32)
    step(place, asked, given, torch.float32, "out.bin")
    print(json.dumps(step(place, asked, given, torch.float64, "exact.bin")), flush=True)
