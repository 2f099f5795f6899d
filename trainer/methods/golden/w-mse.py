"""Writes w-mse.json: three steps of W-MSE (Ermolov et al., 2021), with two views and with four."""

from itertools import combinations

import torch
import torch.nn.functional as F
from common import Weights, encoder, images, perceptron, regularizers, train, write


def whiten(z):
    """Centred, then multiplied by the inverse of the Cholesky factor of the covariance."""
    centred = z - z.mean(0)
    factor = torch.linalg.cholesky(centred.T @ centred / (len(z) - 1))
    return centred @ torch.linalg.inv(factor).T


def case(views, sub_batch, variance=0, covariance=0):
    weights = Weights()

    def loss_of(step):
        z = [perceptron(weights, "projector", encoder(weights, images(view, step)), [7, 4]) for view in range(views)]
        directions = [F.normalize(torch.cat([whiten(part) for part in one.split(sub_batch)]), dim=1) for one in z]
        pairs = [(first - second).pow(2).sum(1).mean() for first, second in combinations(directions, 2)]
        return sum(pairs) / len(pairs) + regularizers(z[0], z[1], variance, covariance)

    options = {"projector": [7, 4], "subBatch": sub_batch, "variance": variance, "covariance": covariance}
    return {"options": options, "views": views, **train(weights, loss_of)}


write(
    __file__,
    {
        "two views": case(2, 8),
        "two views, the whole batch, with variance and covariance": case(2, 16, 1, 0.01),
        "four views": case(4, 8),
    },
)
