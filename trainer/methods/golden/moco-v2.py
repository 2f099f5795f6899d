"""Writes moco-v2.json: three steps of MoCo v2 (He et al., 2020, algorithm 1; Chen et al., 2020)."""

import torch
import torch.nn.functional as F
from common import Weights, encoder, follow, images, perceptron, regularizers, train, write


def case(temperature, momentum, variance=0, covariance=0):
    weights = Weights()
    keys = None

    def loss_of(step):
        nonlocal keys
        x = perceptron(weights, "projector", encoder(weights, images(0, step)), [7, 4], output_bias=True, norm=False)
        y = encoder(weights, images(1, step), "teacher/encoder", kept=True)
        y = perceptron(weights, "teacher/projector", y, [7, 4], output_bias=True, norm=False, kept=True)
        q, keys = F.normalize(x, dim=1), F.normalize(y, dim=1)
        queue = F.normalize(weights.state("queue", 20, 4), dim=1)
        logits = torch.cat([(q * keys).sum(1, keepdim=True), q @ queue.T], 1) / temperature
        return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long)) + regularizers(x, y, variance, covariance)

    def after(step):
        follow(weights, momentum)
        weights.kept["queue"] = torch.cat([keys.detach(), weights.kept["queue"]])[:20]

    options = {
        "projector": [7, 4],
        "temperature": temperature,
        "momentum": momentum,
        "queue": 20,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, **train(weights, loss_of, after)}


write(__file__, {"plain": case(0.2, 0.9), "with variance and covariance": case(0.1, 0.999, 1, 0.01)})
