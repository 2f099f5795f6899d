"""Writes swav.json: three steps of SwAV (Caron et al., 2020, section 3 and Sinkhorn's algorithm)."""

import torch
import torch.nn.functional as F
from common import Weights, encoder, images, perceptron, regularizers, train, write

PROTOTYPES, QUEUE = 5, 20


def sinkhorn(scores, epsilon, iterations):
    """Columns (prototypes) and then rows (samples) are brought to equal sums; in the end a row sums up to 1."""
    q = torch.exp(scores / epsilon)
    for _ in range(iterations):
        q = q / q.sum(0, keepdim=True) / q.shape[1]
        q = q / q.sum(1, keepdim=True) / q.shape[0]
    return q * q.shape[0]


def case(
    views=2, freeze=0, queue_from=None, epsilon=0.05, iterations=3, variance=0, covariance=0, weight_norm=False, in_epochs=False
):
    """`queue_from`: the step from which on the queue is used. `weight_norm`: as in solo-learn (vturrisi/solo-learn at 9187ea3,
    solo/methods/swav.py lines 73 to 77), whose prototypes are torch.nn.utils.weight_norm of length 1."""
    weights = Weights()
    temperature = 0.1
    newest = {}

    def loss_of(step):
        embeddings = [
            perceptron(weights, "projector", encoder(weights, images(view, step)), [7, 4], output_bias=True)
            for view in range(views)
        ]
        z = [F.normalize(embedding, dim=1) for embedding in embeddings]
        prototypes = weights.trainable("prototypes/weight", PROTOTYPES, 4)
        used = prototypes.detach() if step < freeze else prototypes
        if weight_norm:
            used = torch._weight_norm(used, torch.ones(PROTOTYPES, 1), 0)
        loss = 0
        for own, name in ((0, "x"), (1, "y")):
            with torch.no_grad():
                rows = z[own]
                if queue_from is not None:
                    newest[name] = z[own].detach()
                    queue = weights.state(f"queue/{name}", QUEUE, 4)
                    if step >= queue_from:
                        rows = torch.cat([queue, rows])
                codes = sinkhorn(rows @ (used if weight_norm else prototypes).T, epsilon, iterations)[-len(z[own]) :]
            others = [view for view in range(views) if view != own]
            for view in others:
                log_p = F.log_softmax(z[view] @ used.T / temperature, dim=1)
                loss = loss - (codes * log_p).sum(1).mean() / len(others) / 2
        return loss + regularizers(embeddings[0], embeddings[1], variance, covariance)

    def after(step):
        with torch.no_grad():
            prototypes = weights.trained["prototypes/weight"]
            if not weight_norm:
                prototypes.copy_(F.normalize(prototypes, dim=1))
        for name, rows in newest.items():
            weights.kept[f"queue/{name}"] = torch.cat([rows, weights.kept[f"queue/{name}"]])[:QUEUE]

    options = {
        "projector": [7, 4],
        "prototypes": PROTOTYPES,
        "temperature": temperature,
        # An epoch of the frame has three steps.
        "freezeSteps": 0 if in_epochs else freeze,
        "freezeEpochs": freeze / 3 if in_epochs else 0,
        "weightNorm": weight_norm,
        "codeEpsilon": epsilon,
        "iterations": iterations,
        "queue": 0 if queue_from is None else QUEUE,
        "queueEpoch": (queue_from or 0) / 3,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, "views": views, **train(weights, loss_of, after)}


write(
    __file__,
    {
        "plain": case(),
        "queue in use": case(queue_from=0),
        "queue from the second step on": case(queue_from=1, epsilon=0.1, iterations=2),
        "frozen prototypes": case(freeze=2),
        "four views": case(views=4),
        "solo-learn": case(queue_from=1, freeze=1, in_epochs=True, weight_norm=True),
        "with variance and covariance": case(variance=1, covariance=0.01),
    },
)
