"""Writes simsiam.json: three steps of SimSiam (Chen and He, 2021, algorithm 1), and without its safeguards (VICReg, Table 4)."""

import torch.nn.functional as F
from common import Weights, encoder, images, perceptron, regularizers, train, write


def case(has_predictor=True, norm=True, variance=0, covariance=0):
    weights = Weights()

    def loss_of(step):
        z = [
            perceptron(
                weights,
                "projector",
                encoder(weights, images(view, step)),
                [7, 7, 4],
                hidden_bias=False,
                norm=norm,
                output_norm="nothing" if norm else None,
            )
            for view in (0, 1)
        ]
        p = [
            perceptron(weights, "predictor", own, [3, 4], hidden_bias=False, output_bias=True, norm=norm)
            if has_predictor
            else own
            for own in z
        ]
        near = lambda a, b: F.cosine_similarity(a, b.detach(), dim=1).mean()
        return -(near(p[0], z[1]) + near(p[1], z[0])) / 2 + regularizers(*z, variance, covariance)

    options = {
        "projector": [7, 7, 4],
        "predictor": [3],
        "hasPredictor": has_predictor,
        "batchNorm": norm,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, **train(weights, loss_of)}


write(
    __file__,
    {
        "plain": case(),
        "with variance and covariance": case(variance=1, covariance=0.01),
        "without predictor": case(has_predictor=False),
        "without predictor and batch norm": case(has_predictor=False, norm=False, variance=1),
    },
)
