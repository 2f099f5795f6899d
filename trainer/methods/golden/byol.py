"""Writes byol.json: three steps of BYOL (Grill et al., 2020, equations 1 to 3), and with solo-learn's biases (vturrisi/solo-learn at
9187ea3, solo/methods/byol.py lines 50 to 72)."""

import math

import torch.nn.functional as F
from common import STEPS, Weights, encoder, follow, images, perceptron, regularizers, train, write


def case(base, bias=False, variance=0, covariance=0):
    weights = Weights()
    head = lambda *given, **kept: perceptron(weights, *given, output_bias=bias, **kept)

    def loss_of(step):
        views = [images(view, step) for view in (0, 1)]
        z = [head("projector", encoder(weights, x), [7, 4]) for x in views]
        p = [head("predictor", own, [9, 4]) for own in z]
        t = [
            head("teacher/projector", encoder(weights, x, "teacher/encoder", kept=True), [7, 4], kept=True)
            for x in views
        ]
        far = lambda a, b: (2 - 2 * (F.normalize(a, dim=1) * F.normalize(b, dim=1)).sum(1)).mean()
        return far(p[0], t[1]) + far(p[1], t[0]) + regularizers(*z, variance, covariance)

    def after(step):
        follow(weights, 1 - (1 - base) * (math.cos(math.pi * step / STEPS) + 1) / 2)

    options = {
        "projector": [7, 4],
        "predictor": [9],
        "outputBias": bias,
        "momentum": base,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, **train(weights, loss_of, after)}


write(__file__, {"plain": case(0.9), "with biases": case(0.9, bias=True), "with variance and covariance": case(0.99, variance=1, covariance=0.01)})
