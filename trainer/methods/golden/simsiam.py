"""Writes simsiam.json: three steps of SimSiam as its official code takes them (facebookresearch/simsiam at a7bc177: simsiam/builder.py
lines 26 to 61, main_simsiam.py lines 294 and 295), and without its safeguards (VICReg, Table 4).
"""

import torch.nn as nn
from common import Weights, backbone, images, perceptron, pooled, regularizers, train, write

CRITERION = nn.CosineSimilarity(dim=1)


def case(has_predictor=True, norm=True, variance=0, covariance=0):
    """Each view passes the encoder by itself. The last layer of the projector has a bias there that is not trained, and that the
    batch norm after it cancels."""
    weights = Weights()

    def loss_of(step):
        def encoder(view):
            features = pooled(backbone(weights, images(view, step, 2)))
            output_norm = "nothing" if norm else None
            return perceptron(
                weights, "projector", features, [7, 7, 4], hidden_bias=False, norm=norm, output_norm=output_norm
            )

        def predictor(z):
            if not has_predictor:
                return z
            return perceptron(weights, "predictor", z, [3, 4], hidden_bias=False, output_bias=True, norm=norm)

        z1 = encoder(0)
        z2 = encoder(1)
        p1 = predictor(z1)
        p2 = predictor(z2)
        loss = -(CRITERION(p1, z2.detach()).mean() + CRITERION(p2, z1.detach()).mean()) * 0.5
        return loss + regularizers(z1, z2, variance, covariance)

    options = {
        "projector": [7, 7, 4],
        "predictor": [3],
        "hasPredictor": has_predictor,
        "batchNorm": norm,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, "sides": [2, 2], **train(weights, loss_of)}


write(
    __file__,
    {
        "official code": case(),
        "with variance and covariance": case(variance=1, covariance=0.01),
        "without predictor": case(has_predictor=False),
        "without predictor and batch norm": case(has_predictor=False, norm=False, variance=1),
    },
)
