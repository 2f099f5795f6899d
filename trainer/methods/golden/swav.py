"""Writes swav.json: three steps of SwAV as its official code takes them (facebookresearch/swav at 06b1b7c: main_swav.py lines 277 to
329 and 353 to 376, src/resnet50.py lines 297 to 323), and with every crop by itself and a queue that fills from the first step, as in
solo-learn (vturrisi/solo-learn at 9187ea3: solo/methods/swav.py).
"""

import torch
import torch.nn.functional as F
from common import ROWS, Weights, backbone, encoder, fill, images, perceptron, pooled, regularizers, train, write

PROTOTYPES, TEMPERATURE = 5, 0.1
LARC = {"rate": 0.2, "eta": 0.5, "weightDecay": 0.01}


def distributed_sinkhorn(out, epsilon, iterations):
    q = torch.exp(out / epsilon).t()
    samples, prototypes = q.shape[1], q.shape[0]
    q = q / q.sum()
    for _ in range(iterations):
        q = q / q.sum(1, keepdim=True) / prototypes
        q = q / q.sum(0, keepdim=True) / samples
    return (q * samples).t()


def official(sides, freeze=0, queue=None, epsilon=0.05, larc=None):
    """Crops of one side pass the backbone together, all crops the head. `queue`: its length and the step at which it begins."""
    weights = Weights(larc=larc)
    kept, zeros = {}, {}
    if queue is not None:
        zeros = {f"queue/{name}": [0.0] * queue[0] * 4 for name in ("x", "y")}
        kept = {name: torch.zeros(queue[0], 4) for name in zeros}

    def loss_of(step):
        prototypes = weights.trainable("prototypes/weight", PROTOTYPES, 4)
        with torch.no_grad():
            prototypes.copy_(F.normalize(prototypes, dim=1, p=2))
        crops = [images(view, step, side) for view, side in enumerate(sides)]
        features, start = [], 0
        while start < len(sides):
            end = start
            while end < len(sides) and sides[end] == sides[start]:
                end += 1
            features.append(pooled(backbone(weights, torch.cat(crops[start:end]))))
            start = end
        embedding = F.normalize(
            perceptron(weights, "projector", torch.cat(features), [7, 4], output_bias=True), dim=1, p=2
        )
        output = embedding @ prototypes.t()
        embedding = embedding.detach()
        loss = 0
        for crop, name in enumerate(("queue/x", "queue/y")):
            with torch.no_grad():
                out = output[ROWS * crop : ROWS * (crop + 1)].detach()
                if queue is not None and step >= queue[1]:
                    if not torch.all(kept[name][-1] == 0):
                        out = torch.cat((kept[name] @ prototypes.t(), out))
                    kept[name] = torch.cat([embedding[ROWS * crop : ROWS * (crop + 1)], kept[name][:-ROWS]])
                q = distributed_sinkhorn(out, epsilon, 3)[-ROWS:]
            subloss = 0
            for view in [view for view in range(len(sides)) if view != crop]:
                x = output[ROWS * view : ROWS * (view + 1)] / TEMPERATURE
                subloss = subloss - torch.mean(torch.sum(q * F.log_softmax(x, dim=1), dim=1))
            loss = loss + subloss / (len(sides) - 1)
        loss = loss / 2
        if step < freeze:
            # Backpropagation leaves its gradient None, and the optimizer passes it over.
            prototypes.requires_grad_(False)
        return loss

    def after(step):
        weights.trained["prototypes/weight"].requires_grad_(True)
        # As the next step begins.
        with torch.no_grad():
            weights.trained["prototypes/weight"].copy_(F.normalize(weights.trained["prototypes/weight"], dim=1, p=2))
        weights.kept.update(kept)

    options = {
        "projector": [7, 4],
        "prototypes": PROTOTYPES,
        "temperature": TEMPERATURE,
        "freezeSteps": freeze,
        "codeEpsilon": epsilon,
        "iterations": 3,
        "queue": 0 if queue is None else queue[0],
        # An epoch of the frame has three steps.
        "queueEpoch": 0 if queue is None else queue[1] / 3,
        "lateQueue": True,
        "together": True,
    }
    case = {"options": options, "sides": sides, "initial": zeros}
    if larc is not None:
        case["optimizer"] = {"id": "larc", "options": {**larc, "momentum": 0.9}}
    return {**case, **train(weights, loss_of, after)}


def apart(views=2, queue_from=None, epsilon=0.05, iterations=3, variance=0, covariance=0, weight_norm=False, frozen=0):
    """Every crop by itself; the queue fills from the first step on and is used from `queue_from` on. `weight_norm`: prototypes are
    torch.nn.utils.weight_norm of length 1 (lines 73 to 77), and frozen for as many steps."""
    weights = Weights()
    newest, initial = {}, {}
    if weight_norm:
        start = 1.5 * fill("prototypes/raw", (PROTOTYPES, 4))
        weights.trained["prototypes/weight"] = start.clone().requires_grad_()
        initial["prototypes/weight"] = start.flatten().tolist()

    def loss_of(step):
        embeddings = [
            perceptron(weights, "projector", encoder(weights, images(view, step)), [7, 4], output_bias=True)
            for view in range(views)
        ]
        z = [F.normalize(embedding, dim=1) for embedding in embeddings]
        prototypes = weights.trainable("prototypes/weight", PROTOTYPES, 4)
        if step < frozen:
            prototypes = prototypes.detach()
        if weight_norm:
            prototypes = torch._weight_norm(prototypes, torch.ones(PROTOTYPES, 1), 0)
        predictions = [own @ prototypes.t() for own in z]
        loss = 0
        for crop, name in ((0, "x"), (1, "y")):
            with torch.no_grad():
                newest[name] = z[crop].detach()
                out = predictions[crop]
                if queue_from is not None:
                    queue = weights.state(f"queue/{name}", 20, 4)
                    if step >= queue_from:
                        out = torch.cat((out, queue @ prototypes.t()))
                codes = distributed_sinkhorn(out, epsilon, iterations)[:ROWS]
            for view in [view for view in range(views) if view != crop]:
                log_p = F.log_softmax(predictions[view] / TEMPERATURE, dim=1)
                loss = loss - (codes * log_p).sum(1).mean() / (views - 1) / 2
        return loss + regularizers(embeddings[0], embeddings[1], variance, covariance)

    def after(step):
        if not weight_norm:
            with torch.no_grad():
                weights.trained["prototypes/weight"].copy_(F.normalize(weights.trained["prototypes/weight"], dim=1))
        if queue_from is not None:
            for name, rows in newest.items():
                weights.kept[f"queue/{name}"] = torch.cat([rows, weights.kept[f"queue/{name}"]])[:20]

    options = {
        "projector": [7, 4],
        "prototypes": PROTOTYPES,
        "temperature": TEMPERATURE,
        "freezeSteps": 0,
        # An epoch of the frame has three steps.
        "freezeEpochs": frozen / 3,
        "weightNorm": weight_norm,
        "codeEpsilon": epsilon,
        "iterations": iterations,
        "queue": 0 if queue_from is None else 20,
        "queueEpoch": (queue_from or 0) / 3,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, "views": views, "initial": initial, **train(weights, loss_of, after)}


write(
    __file__,
    {
        "official code, two crops": official([1, 1]),
        "official code, crops of two sizes": official([2, 2, 1, 1, 1]),
        "official code, LARC and frozen prototypes": official([2, 2, 1], freeze=2, larc=LARC),
        "official code, LARC over all weights": official([2, 2, 1], larc=LARC),
        "official code, a queue that begins late": official([1, 1], queue=(16, 1)),
        "each crop by itself": apart(),
        "each crop by itself, four crops": apart(views=4),
        "each crop by itself, queue in use": apart(queue_from=0),
        "each crop by itself, queue from the second step on": apart(queue_from=1, epsilon=0.1, iterations=2),
        "each crop by itself, with variance and covariance": apart(variance=1, covariance=0.01),
        "solo-learn": apart(queue_from=1, weight_norm=True, frozen=1),
    },
)
