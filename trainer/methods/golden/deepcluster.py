"""Writes deepcluster.json: three steps of DeepCluster-v2 within an epoch as its official code takes them (facebookresearch/swav at
06b1b7c: main_deepclusterv2.py lines 249 to 293, src/resnet50.py lines 297 to 336), and with every crop by itself, as in solo-learn
(vturrisi/solo-learn at 9187ea3: solo/methods/deepclusterv2.py).
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from common import ROWS, Weights, backbone, encoder, images, perceptron, pooled, regularizers, train, write

CLUSTERS, TEMPERATURE = 5, 0.1
LARC = {"rate": 0.2, "eta": 0.5, "weightDecay": 0.01}


def official(sides, heads=3, unseen=(), larc=None):
    """`unseen`: images that were in no batch of the past epoch."""
    weights = Weights(larc=larc)
    cross_entropy = nn.CrossEntropyLoss(ignore_index=-100)
    initial = {}
    if unseen:
        assigned = (torch.arange(ROWS * heads) ** 2 % CLUSTERS).reshape(ROWS, heads)
        assigned[list(unseen)] = -1
        initial = {"assignments": assigned.flatten().tolist()}
        weights.kept["assignments"] = assigned.double()
    rows = {}

    def loss_of(step):
        prototypes = weights.state("prototypes", heads, CLUSTERS, 4)
        # Numbers of clusters by a cast to integers, toward 0.
        assignments = weights.state("assignments", ROWS, heads).long().t()
        assignments = torch.where(assignments < 0, -100, assignments)
        crops = [images(view, step, side) for view, side in enumerate(sides)]
        features = []
        for side in dict.fromkeys(sides):
            together = torch.cat([crop for crop, own in zip(crops, sides) if own == side])
            features.append(pooled(backbone(weights, together)))
        x = F.normalize(perceptron(weights, "projector", torch.cat(features), [7, 4], output_bias=True), dim=1, p=2)
        emb = x.detach()
        loss = 0
        for h in range(heads):
            scores = (x @ prototypes[h].t()) / TEMPERATURE
            loss = loss + cross_entropy(scores, assignments[h].repeat(len(sides)))
        for crop, name in enumerate(("bank/x", "bank/y")):
            rows[name] = emb[crop * ROWS : (crop + 1) * ROWS]
        return loss / heads

    def after(step):
        # A batch of the frame is all there is, and all of it was seen in epoch 0.
        weights.kept.update(rows)
        weights.kept["seen"] = torch.ones(ROWS)

    options = {
        "projector": [7, 4],
        "prototypes": CLUSTERS,
        "clusterings": heads,
        "temperature": TEMPERATURE,
        "together": True,
        "batchBank": True,
        "keepEmpty": True,
    }
    case = {"options": options, "sides": sides, "initial": initial}
    if larc is not None:
        case["optimizer"] = {"id": "larc", "options": {**larc, "momentum": 0.9}}
    return {**case, **train(weights, loss_of, after)}


def apart(heads=3, views=2, variance=0, covariance=0):
    """Every crop by itself."""
    weights = Weights()
    rows = {}

    def loss_of(step):
        embeddings = [
            perceptron(weights, "projector", encoder(weights, images(view, step)), [7, 4], output_bias=True)
            for view in range(views)
        ]
        prototypes = weights.state("prototypes", heads, CLUSTERS, 4)
        clusters = weights.state("assignments", ROWS, heads).long()
        rows.update({f"bank/{name}": F.normalize(embeddings[view].detach(), dim=1) for view, name in ((0, "x"), (1, "y"))})
        terms = [
            F.cross_entropy(F.normalize(embedding, dim=1) @ prototypes[head].T / TEMPERATURE, clusters[:, head])
            for embedding in embeddings
            for head in range(heads)
        ]
        return sum(terms) / len(terms) + regularizers(embeddings[0], embeddings[1], variance, covariance)

    options = {
        "projector": [7, 4],
        "prototypes": CLUSTERS,
        "clusterings": heads,
        "temperature": TEMPERATURE,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, "views": views, **train(weights, loss_of, lambda step: weights.kept.update(rows))}


write(
    __file__,
    {
        "official code, two crops": official([1, 1]),
        "official code, crops of two sizes": official([2, 2, 1, 1]),
        "official code, images that were in no batch": official([2, 2, 1], unseen=(2, 3, 11)),
        "official code, LARC": official([2, 2, 1], larc=LARC),
        "each crop by itself": apart(),
        "each crop by itself, one head": apart(heads=1),
        "each crop by itself, four crops": apart(views=4),
        "each crop by itself, with variance and covariance": apart(variance=1, covariance=0.01),
    },
)
