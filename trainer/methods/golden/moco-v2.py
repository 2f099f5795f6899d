"""Writes moco-v2.json: three steps of MoCo v2 (He et al., 2020, algorithm 1; Chen et al., 2020), and of solo-learn's MoCo v2+
(vturrisi/solo-learn at 9187ea3: solo/methods/mocov2plus.py lines 181 to 194, solo/losses/mocov2plus.py, solo/utils/momentum.py)."""

import math

import torch
import torch.nn.functional as F
from common import STEPS, Weights, encoder, follow, images, perceptron, regularizers, train, write


def case(temperature, momentum, variance=0, covariance=0):
    weights = Weights()
    keys = None

    def loss_of(step):
        nonlocal keys
        x = perceptron(weights, "projector", encoder(weights, images(0, step)), [7, 4], output_bias=True, norm=False)
        y = encoder(weights, images(1, step), "teacher/encoder", kept=True)
        y = perceptron(weights, "teacher/projector", y, [7, 4], output_bias=True, norm=False, kept=True)
        q, keys = F.normalize(x, dim=1), F.normalize(y, dim=1)
        queue = F.normalize(weights.state("queue", 20, 4), dim=1)
        logits = torch.cat([(q * keys).sum(1, keepdim=True), q @ queue.T], 1) / temperature
        return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long)) + regularizers(x, y, variance, covariance)

    def after(step):
        follow(weights, momentum)
        weights.kept["queue"] = torch.cat([keys.detach(), weights.kept["queue"]])[:20]

    options = {
        "projector": [7, 4],
        "temperature": temperature,
        "momentum": momentum,
        "queue": 20,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, **train(weights, loss_of, after)}


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
        "plain": case(0.2, 0.9),
        "with variance and covariance": case(0.1, 0.999, 1, 0.01),
        "solo-learn": solo_learn(0.2, 0.9, 0.99),
    },
)
