"""Writes obow.json: three steps of OBoW (Gidaris et al., 2021), with two crops and with three.

Feature maps are 1 x 1 here, so an image's word is its feature; crops are of one size.
"""

import math

import torch
import torch.nn.functional as F
from common import FEATURES, STEPS, Weights, encoder, follow, images, perceptron, train, write

LEVELS = ["res4", "res5"]


def bag(features, vocabulary, inverse_delta):
    """Of one place each, so there is no maximum over places."""
    distances = torch.cdist(features, vocabulary).pow(2)
    shares = torch.softmax(-inverse_delta * distances / distances.min(1).values.mean(), dim=1)
    return shares / shares.sum(1, keepdim=True)


def case(views, words, momentum, inverse_delta, kappa):
    weights = Weights()
    features = None

    def loss_of(step):
        nonlocal features
        features = encoder(weights, images(0, step), "teacher/encoder", kept=True)
        crops = encoder(weights, torch.cat([images(view, step) for view in range(1, views)]))
        losses = []
        for level in LEVELS:
            vocabulary = weights.state(f"vocabulary/{level}", words, FEATURES)
            widths = [2 * FEATURES, FEATURES]
            made = perceptron(
                weights, f"generator/{level}", F.normalize(vocabulary, dim=1), widths, hidden_bias=False, output_bias=True
            )
            scores = kappa * crops @ F.normalize(made, dim=1).T
            target = bag(features, vocabulary, inverse_delta).repeat(views - 1, 1)
            losses.append(F.kl_div(F.log_softmax(scores, dim=1), target, reduction="batchmean"))
        return sum(losses) / len(LEVELS)

    def after(step):
        follow(weights, 1 - (1 - momentum) * (math.cos(math.pi * step / STEPS) + 1) / 2)
        for level in LEVELS:
            name = f"vocabulary/{level}"
            weights.kept[name] = torch.cat([features.detach(), weights.kept[name]])[:words]

    options = {"words": words, "momentum": momentum, "inverseDelta": inverse_delta, "kappa": kappa}
    return {"options": options, "views": views, **train(weights, loss_of, after)}


write(__file__, {"two crops": case(3, 20, 0.9, 4, 2), "three crops, a small vocabulary": case(4, 12, 0.99, 15, 8)})
