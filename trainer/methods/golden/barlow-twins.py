"""Writes barlow-twins.json: the loss, its gradient and one step of LARS, by PyTorch in float64, from the paper's pseudocode.

    pip install torch==2.13.0 && python barlow-twins.py

Embeddings are sin(1 + k) and cos(k / 2) / 2 for k = 0, 1, 2 ..., row by row, as in VICReg's golden values. For the step they
are made of inputs of the same kind by one matrix, the sine of 0.7 k.
"""

import json
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)
LAMBDA = 0.0051


def grid(rows, columns, function):
    return function(torch.arange(rows * columns, dtype=torch.float64)).reshape(rows, columns)


def first(k):
    return torch.sin(1 + k)


def second(k):
    return 0.5 * torch.cos(0.5 * k)


def terms(x, y):
    """The paper's algorithm 1."""
    norm = torch.nn.BatchNorm1d(x.shape[1], affine=False)
    c = norm(x).T @ norm(y) / len(x)
    on = (1 - torch.diagonal(c)).pow(2).sum()
    off = c[~torch.eye(len(c), dtype=torch.bool)].pow(2).sum()
    return on, off


def gradients(rows, columns):
    x, y = (grid(rows, columns, function).requires_grad_() for function in (first, second))
    on, off = terms(x, y)
    loss = on + LAMBDA * off
    loss.backward()
    flat = lambda tensor: tensor.flatten().tolist()
    return {
        "shape": [rows, columns],
        "invariance": on.item(),
        "redundancy": off.item(),
        "loss": loss.item(),
        "dx": flat(x.grad),
        "dy": flat(y.grad),
    }


def step():
    """LARS: 0.01 of weight decay, eta 0.001, a rate of 0.5, from no momentum."""
    inputs = [grid(8, 5, function) for function in (first, second)]
    weight = grid(5, 4, lambda k: torch.sin(0.7 * k)).requires_grad_()
    on, off = terms(*(own @ weight for own in inputs))
    (on + LAMBDA * off).backward()
    with torch.no_grad():
        direction = weight.grad + 0.01 * weight
        ratio = 0.001 * weight.norm() / direction.norm()
        return (weight - 0.5 * ratio * direction).flatten().tolist()


golden = {"losses": [gradients(8, 4), gradients(4, 8)], "step": step()}
Path(__file__).with_name("barlow-twins.json").write_text(json.dumps(golden) + "\n")
