"""SimCLR, BYOL and Barlow Twins in PyTorch, written from the formulas, on the networks of vicreg.py."""
import copy

import torch
from torch import nn
from torch.nn import functional

from vicreg import BasicBlock, Lars, encoder, expander


def cosine(a, b):
    return (functional.normalize(a, dim=1) * functional.normalize(b, dim=1)).sum(1)


class Method(nn.Module):
    """An encoder and a projector for both views; `follow` is called after each step of the optimizer."""

    def __init__(self, widths):
        super().__init__()
        self.encoder, outputs = encoder(BasicBlock, [2, 2, 2, 2], 64, small=True)
        self.projector = expander(outputs, widths)

    def project(self, x, y):
        return self.projector(self.encoder(x)).float(), self.projector(self.encoder(y)).float()

    def follow(self):
        pass


class Simclr(Method):
    def __init__(self, options):
        super().__init__(options["projector"])
        self.temperature = options["temperature"]

    def forward(self, x, y):
        z = functional.normalize(torch.cat(self.project(x, y)), dim=1)
        rows = len(z)
        scores = (z @ z.T / self.temperature).masked_fill(torch.eye(rows, dtype=torch.bool, device=z.device), float("-inf"))
        return functional.cross_entropy(scores, (torch.arange(rows, device=z.device) + rows // 2) % rows)


class BarlowTwins(Method):
    def __init__(self, options):
        super().__init__(options["expander"])
        self.weight = options["lambda"]
        self.norm = nn.BatchNorm1d(options["expander"][-1], affine=False)

    def forward(self, x, y):
        x, y = self.project(x, y)
        c = self.norm(x).T @ self.norm(y) / len(x)
        diagonal = c.diagonal()
        return (1 - diagonal).pow(2).sum() + self.weight * (c.pow(2).sum() - diagonal.pow(2).sum())


class Byol(Method):
    def __init__(self, options):
        super().__init__(options["projector"])
        width = options["projector"][-1]
        self.predictor = expander(width, [*options["predictor"], width])
        self.momentum = options["momentum"]
        self.target = nn.Sequential(copy.deepcopy(self.encoder), copy.deepcopy(self.projector)).requires_grad_(False)

    def forward(self, x, y):
        p, q = (self.predictor(z).float() for z in self.project(x, y))
        with torch.no_grad():
            s, t = self.target(x).float(), self.target(y).float()
        return (2 - 2 * cosine(p, t)).mean() + (2 - 2 * cosine(q, s)).mean()

    @torch.no_grad()
    def follow(self):
        online = [*self.encoder.parameters(), *self.projector.parameters()]
        torch._foreach_lerp_(list(self.target.parameters()), online, 1 - self.momentum)


methods = {"simclr": Simclr, "barlow-twins": BarlowTwins, "byol": Byol}


def build(method):
    """The model in channels-last memory, and its optimizer."""
    model = methods[method["id"]](method["options"]).to(memory_format=torch.channels_last)
    return model, Lars([weight for weight in model.parameters() if weight.requires_grad], 0.1)
