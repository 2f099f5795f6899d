"""Writes deepcluster.json: three steps of DeepCluster-v2 within an epoch (Caron et al., 2020, appendix on DeepCluster-v2)."""

import torch
import torch.nn.functional as F
from common import ROWS, Weights, encoder, images, perceptron, regularizers, train, write

CLUSTERS = 5


def case(heads=3, views=2, variance=0, covariance=0):
    weights = Weights()
    temperature = 0.1
    rows = {}

    def loss_of(step):
        embeddings = [
            perceptron(weights, "projector", encoder(weights, images(view, step)), [7, 4], output_bias=True)
            for view in range(views)
        ]
        prototypes = weights.state("prototypes", heads, CLUSTERS, 4)
        # Numbers of clusters by a cast to integers, toward 0.
        clusters = weights.state("assignments", ROWS, heads).long()
        rows.update({name: F.normalize(embeddings[view].detach(), dim=1) for view, name in ((0, "x"), (1, "y"))})
        for name in rows:
            weights.state(f"bank/{name}", ROWS, 4)
        terms = [
            F.cross_entropy(F.normalize(embedding, dim=1) @ prototypes[head].T / temperature, clusters[:, head])
            for embedding in embeddings
            for head in range(heads)
        ]
        return sum(terms) / len(terms) + regularizers(embeddings[0], embeddings[1], variance, covariance)

    def after(step):
        # A batch of the frame is all there is.
        weights.kept.update({f"bank/{name}": value for name, value in rows.items()})

    options = {
        "projector": [7, 4],
        "prototypes": CLUSTERS,
        "clusterings": heads,
        "temperature": temperature,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, "views": views, **train(weights, loss_of, after)}


write(
    __file__,
    {
        "plain": case(),
        "one head": case(heads=1),
        "four views": case(views=4),
        "with variance and covariance": case(variance=1, covariance=0.01),
    },
)
