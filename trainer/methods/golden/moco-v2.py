"""Writes moco-v2.json: three steps of MoCo v2 as its official code takes them on one device (facebookresearch/moco at 7397dfe:
moco/builder.py lines 55 to 79 and 128 to 173), and of solo-learn's MoCo v2+ (vturrisi/solo-learn at 9187ea3:
solo/methods/mocov2plus.py lines 181 to 194, solo/losses/mocov2plus.py, solo/utils/momentum.py). On several devices, batch norm's
statistics are a device's, and keys are shuffled among devices: moco-v2.native.test.ts.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from common import CHANNELS, FEATURES, ROWS, STEPS, Weights
from common import backbone, encoder, fill, follow, images, perceptron, pooled, regularizers, train, write

LENGTH = 32


def official(temperature, momentum, variance=0, covariance=0):
    weights = Weights()
    names = {"encoder/weight": (CHANNELS, FEATURES), "encoder/norm/weight": (FEATURES,), "encoder/norm/bias": (FEATURES,)}
    names |= {"projector/0/weight": (FEATURES, 7), "projector/0/bias": (7,), "projector/3/weight": (7, 4), "projector/3/bias": (4,)}
    # The key encoder starts as the query encoder does.
    start = {f"teacher/{name}": fill(name, shape) for name, shape in names.items()}
    weights.kept.update({name: value.clone() for name, value in start.items()})
    queue = F.normalize(weights.state("queue", LENGTH, 4), dim=1).t().clone()
    pointer, newest = 0, None

    def encode(x, prefix="", kept=False):
        features = pooled(backbone(weights, x, f"{prefix}encoder", kept))
        return perceptron(
            weights, f"{prefix}projector", features, [7, 4], output_bias=True, norm=False, kept=kept
        )

    def momentum_update_key_encoder():
        with torch.no_grad():
            for name in names:
                key = weights.kept[f"teacher/{name}"]
                weights.kept[f"teacher/{name}"] = key * momentum + weights.trained[name].detach() * (1.0 - momentum)

    def loss_of(step):
        nonlocal pointer, newest
        x = encode(images(0, step, 2))
        q = F.normalize(x, dim=1)
        with torch.no_grad():
            momentum_update_key_encoder()
            y = encode(images(1, step, 2), "teacher/", kept=True)
            k = F.normalize(y, dim=1)
        l_pos = torch.einsum("nc,nc->n", [q, k]).unsqueeze(-1)
        l_neg = torch.einsum("nc,ck->nk", [q, queue.clone().detach()])
        logits = torch.cat([l_pos, l_neg], dim=1) / temperature
        labels = torch.zeros(logits.shape[0], dtype=torch.long)
        queue[:, pointer : pointer + ROWS] = k.t()
        pointer = (pointer + ROWS) % LENGTH
        newest = k
        return nn.CrossEntropyLoss()(logits, labels) + regularizers(x, y, variance, covariance)

    def after(step):
        # Ours keeps the newest keys first.
        weights.kept["queue"] = torch.cat([newest, weights.kept["queue"]])[:LENGTH]
        if step == 2:
            momentum_update_key_encoder()

    options = {
        "projector": [7, 4],
        "temperature": temperature,
        "momentum": momentum,
        "queue": LENGTH,
        "variance": variance,
        "covariance": covariance,
    }
    # The first keys that are replaced stand first there and last here.
    first = fill("queue", (LENGTH, 4))
    initial = {name: value.flatten().tolist() for name, value in start.items()}
    initial["queue"] = torch.cat([first[ROWS:], first[:ROWS]]).flatten().tolist()
    weights.kept["queue"] = torch.cat([first[ROWS:], first[:ROWS]])
    return {"options": options, "sides": [2, 2], "initial": initial, **train(weights, loss_of, after)}


def solo_learn(temperature, base_tau, final_tau):
    """Each view is the query once; of the queues, the second has the second view's keys."""
    weights = Weights()
    keys = []

    def nce(query, key, queue):
        logits = torch.cat([(query * key).sum(1, keepdim=True), query @ queue.T], dim=1) / temperature
        return F.cross_entropy(logits, torch.zeros(len(query), dtype=torch.long))

    def loss_of(step):
        head = lambda *given, **kept: perceptron(weights, *given, [7, 4], output_bias=True, norm=False, **kept)
        views = [images(view, step) for view in (0, 1)]
        q1, q2 = (F.normalize(head("projector", encoder(weights, x)), dim=-1) for x in views)
        with torch.no_grad():
            keys[:] = [
                F.normalize(head("teacher/projector", encoder(weights, x, "teacher/encoder", kept=True), kept=True), dim=-1)
                for x in views
            ]
        k1, k2 = keys
        # It starts with normalised rows.
        queue = [F.normalize(weights.state(name, 20, 4), dim=1) for name in ("otherQueue", "queue")]
        return (nce(q1, k2, queue[1]) + nce(q2, k1, queue[0])) / 2

    def after(step):
        tau = final_tau - (final_tau - base_tau) * (math.cos(math.pi * step / STEPS) + 1) / 2
        follow(weights, tau)
        for name, newest in zip(("otherQueue", "queue"), keys):
            weights.kept[name] = torch.cat([newest, weights.kept[name]])[:20]

    options = {
        "projector": [7, 4],
        "temperature": temperature,
        "momentum": base_tau,
        "finalMomentum": final_tau,
        "symmetric": True,
        "queue": 20,
        "variance": 0,
        "covariance": 0,
    }
    return {"options": options, **train(weights, loss_of, after)}


write(
    __file__,
    {
        "official code": official(0.2, 0.9),
        "with variance and covariance": official(0.1, 0.999, 1, 0.01),
        "solo-learn": solo_learn(0.2, 0.9, 0.99),
    },
)
