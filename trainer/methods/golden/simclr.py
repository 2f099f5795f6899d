"""Writes simclr.json: three steps of SimCLR (Chen et al., 2020, equation 1)."""

import torch
import torch.nn.functional as F
from common import Weights, encoder, images, perceptron, regularizers, train, write


def case(temperature, variance=0, covariance=0):
    weights = Weights()

    def loss_of(step):
        x, y = (perceptron(weights, "projector", encoder(weights, images(view, step)), [7, 4]) for view in (0, 1))
        z = F.normalize(torch.cat([x, y]), dim=1)
        similarity = z @ z.T / temperature
        total = 0
        for i in range(len(z)):
            others = [k for k in range(len(z)) if k != i]
            partner = (i + len(x)) % len(z)
            total = total - similarity[i, partner] + torch.logsumexp(similarity[i, others], 0)
        return total / len(z) + regularizers(x, y, variance, covariance)

    options = {"temperature": temperature, "projector": [7, 4], "variance": variance, "covariance": covariance}
    return {"options": options, **train(weights, loss_of)}


write(__file__, {"plain": case(0.1), "with variance and covariance": case(0.5, 1, 0.01)})
