"""Writes barlow-twins.json: three steps of Barlow Twins (Zbontar et al., 2021, algorithm 1)."""

import torch
from common import Weights, encoder, images, perceptron, train, write


def case(widths, scale=1, lambda_=0.0051):
    weights = Weights()

    def loss_of(step):
        x, y = (
            perceptron(weights, "expander", encoder(weights, images(view, step)), widths, hidden_bias=False)
            for view in (0, 1)
        )
        norm = torch.nn.BatchNorm1d(x.shape[1], affine=False)
        c = norm(x).T @ norm(y) / len(x)
        on = (1 - torch.diagonal(c)).pow(2).sum()
        off = c[~torch.eye(len(c), dtype=torch.bool)].pow(2).sum()
        return scale * (on + lambda_ * off)

    return {"options": {"expander": widths, "scale": scale, "lambda": lambda_}, **train(weights, loss_of)}


# More rows than dimensions, and fewer: our squares are summed over one product or the other.
write(__file__, {"narrow": case([7, 4]), "wide": case([7, 12], scale=0.1)})
