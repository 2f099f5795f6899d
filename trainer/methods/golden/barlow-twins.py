"""Writes barlow-twins.json: three steps of Barlow Twins as its official code takes them (facebookresearch/barlowtwins at 8e8d284,
main.py lines 187 to 221) and as solo-learn's loss does (vturrisi/solo-learn at 9187ea3, solo/losses/barlow.py lines 42 to 60), on
one process and on two.

Both sum the correlation matrix over the processes by an all-reduce without gradient. DistributedDataParallel then takes the mean
of the gradients, of which each process has its own rows' part alone, so that on W processes 1 / W of the gradient is left. On one
device a factor of 1 / W does the same; it is in the losses here too.
"""

import torch
import torch.distributed as dist
from common import Weights, encoder, images, perceptron, train, write
from processes import on_processes

LAMBDA = 0.0051


def official(weights, z1, z2, batch_size, processes):
    def bn(z):
        if processes is None:
            return torch.nn.BatchNorm1d(z.shape[1], affine=False)(z)
        mean = processes.sum(z.sum(0)) / batch_size
        return (z - mean) / torch.sqrt(processes.sum((z - mean).pow(2).sum(0)) / batch_size + 1e-5)

    c = bn(z1).T @ bn(z2)
    c.div_(batch_size)
    if processes is not None:
        dist.all_reduce(c)
    on_diag = torch.diagonal(c).add_(-1).pow_(2).sum()
    off_diag = c[~torch.eye(len(c), dtype=torch.bool)].pow_(2).sum()
    return on_diag + LAMBDA * off_diag


def solo_learn(weights, z1, z2, batch_size, processes, scale_loss=0.1):
    """Every process standardises its own rows."""
    bn = torch.nn.BatchNorm1d(z1.shape[1], affine=False)
    corr = torch.einsum("bi, bj -> ij", bn(z1), bn(z2)) / len(z1)
    if processes is not None:
        dist.all_reduce(corr)
        corr /= processes.world
    diag = torch.eye(len(corr))
    cdif = (corr - diag).pow(2)
    cdif[~diag.bool()] *= LAMBDA
    return scale_loss * cdif.sum()


def steps(processes, loss_f, widths):
    weights = Weights(processes)

    def loss_of(step):
        views = [images(view, step) for view in (0, 1)]
        own = views if processes is None else [processes.rows(rows) for rows in views]
        z = [perceptron(weights, "expander", encoder(weights, rows), widths, hidden_bias=False) for rows in own]
        return loss_f(weights, *z, len(views[0]), processes)

    return train(weights, loss_of)


def case(widths, loss_f=official, world=1, **options):
    found = steps(None, loss_f, widths) if world == 1 else on_processes(world, steps, loss_f, widths)
    found["losses"] = [loss / world for loss in found["losses"]]
    return {"options": {"expander": widths, "lambda": LAMBDA, **options}, **found}


if __name__ == "__main__":
    # More rows than dimensions, and fewer: our squares are summed over one product or the other.
    write(
        __file__,
        {
            "official code": case([7, 4]),
            "official code, wide": case([7, 12]),
            "official code on two processes": case([7, 4], world=2, scale=1 / 2),
            "solo-learn": case([7, 12], solo_learn, scale=0.1),
            "solo-learn on two processes": case([7, 12], solo_learn, world=2, scale=0.1 / 2, standardizedRows=8),
        },
    )
