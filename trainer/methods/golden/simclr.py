"""Writes simclr.json: three steps of SimCLR as its official code takes them (google-research/simclr at 383d414: model.py line 58,
model_util.py lines 141 to 177, objective.py lines 34 to 86), as solo-learn takes them (vturrisi/solo-learn at 9187ea3:
solo/methods/simclr.py lines 48 to 52, solo/losses/simclr.py), and of equation 1 of the paper behind VICReg's projector.

TensorFlow's batch norm keeps a biased running variance, the frame of `common.py` PyTorch's unbiased one; training uses neither.
"""

import torch
import torch.nn.functional as F
from common import Weights, encoder, images, perceptron, regularizers, train, write

WIDTHS = [7, 4]
LARGE_NUM = 1e9


def official(temperature):
    """Both views as one batch through the encoder and a projector that ends with a batch norm without bias."""
    weights = Weights()

    def loss_of(step):
        features = encoder(weights, torch.cat([images(0, step), images(1, step)]))
        hidden = perceptron(weights, "projector", features, WIDTHS, hidden_bias=False, output_norm="weight")
        hidden1, hidden2 = F.normalize(hidden, dim=1).chunk(2)
        batch = len(hidden1)
        masks = torch.eye(batch)
        logits_aa = hidden1 @ hidden1.T / temperature - masks * LARGE_NUM
        logits_bb = hidden2 @ hidden2.T / temperature - masks * LARGE_NUM
        logits_ab = hidden1 @ hidden2.T / temperature
        logits_ba = hidden2 @ hidden1.T / temperature
        labels = torch.arange(batch)
        loss_a = F.cross_entropy(torch.cat([logits_ab, logits_aa], 1), labels)
        loss_b = F.cross_entropy(torch.cat([logits_ba, logits_bb], 1), labels)
        return loss_a + loss_b

    options = {
        "temperature": temperature,
        "scale": 2,
        "projector": WIDTHS,
        "projectorNorm": "every",
        "together": True,
        "variance": 0,
        "covariance": 0,
    }
    return {"options": options, **train(weights, loss_of)}


def solo_learn(temperature):
    """A projector without batch norm, each view by itself; the loss by masks."""
    weights = Weights()

    def loss_of(step):
        project = lambda x: perceptron(weights, "projector", x, WIDTHS, output_bias=True, norm=False)
        z = F.normalize(torch.cat([project(encoder(weights, images(view, step))) for view in (0, 1)]), dim=-1)
        indexes = torch.arange(len(z) // 2).repeat(2).unsqueeze(0)
        similar = torch.exp(torch.einsum("if, jf -> ij", z, z) / temperature)
        positive = (indexes.T == indexes).fill_diagonal_(0)
        negative = indexes.T != indexes
        pos, neg = (similar * positive).sum(1), (similar * negative).sum(1)
        return -torch.log(pos / (pos + neg)).mean()

    options = {
        "temperature": temperature,
        "projector": WIDTHS,
        "projectorNorm": "none",
        "variance": 0,
        "covariance": 0,
    }
    return {"options": options, **train(weights, loss_of)}


def equation_1(temperature, variance=0, covariance=0):
    """Row by row; each view passes by itself through Linear, batch norm, ReLU, Linear."""
    weights = Weights()

    def loss_of(step):
        x, y = (perceptron(weights, "projector", encoder(weights, images(view, step)), WIDTHS) for view in (0, 1))
        z = F.normalize(torch.cat([x, y]), dim=1)
        similarity = z @ z.T / temperature
        total = 0
        for i in range(len(z)):
            others = [k for k in range(len(z)) if k != i]
            partner = (i + len(x)) % len(z)
            total = total - similarity[i, partner] + torch.logsumexp(similarity[i, others], 0)
        return total / len(z) + regularizers(x, y, variance, covariance)

    options = {"temperature": temperature, "projector": WIDTHS, "variance": variance, "covariance": covariance}
    return {"options": options, **train(weights, loss_of)}


write(
    __file__,
    {
        "official code": official(0.1),
        "solo-learn": solo_learn(0.2),
        "equation 1": equation_1(0.1),
        "equation 1 with variance and covariance": equation_1(0.5, 1, 0.01),
    },
)
