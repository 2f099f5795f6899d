"""Writes w-mse.json: three steps of W-MSE as its official code takes them (htdt/self-supervised at d9662c8: methods/w_mse.py lines
19 to 36, methods/whitening.py lines 20 to 61, methods/norm_mse.py, model.py lines 5 to 16), as solo-learn takes them
(vturrisi/solo-learn at 9187ea3: solo/methods/wmse.py lines 133 to 156, solo/losses/wmse.py line 37), and with each view by itself.

The sub-batches are of consecutive rows: both draw `perm` at random, which our test of random divisions covers.
"""

import torch
import torch.nn.functional as F
from common import ROWS, Weights, encoder, images, perceptron, regularizers, train, write

WIDTHS = [7, 4]


def whitening(x):
    """Whitening2d with eps 0."""
    xn = x - x.mean(0)
    f_cov = xn.T @ xn / (len(x) - 1)
    inv_sqrt = torch.linalg.solve_triangular(torch.linalg.cholesky(f_cov), torch.eye(x.shape[1]), upper=False)
    return xn @ inv_sqrt.T


def norm_mse(x0, x1):
    return 2 - 2 * (F.normalize(x0) * F.normalize(x1)).sum(dim=-1).mean()


def simplified(z1, z2):
    """solo-learn's: the second side is a constant."""
    return 2 - 2 * F.cosine_similarity(z1, z2.detach(), dim=-1).mean()


def case(views, w_size, together=False, loss_f=norm_mse, variance=0, covariance=0):
    weights = Weights()
    project = lambda rows: perceptron(weights, "projector", rows, WIDTHS)

    def loss_of(step):
        h = [encoder(weights, images(view, step)) for view in range(views)]
        h = project(torch.cat(h)) if together else torch.cat([project(rows) for rows in h])
        z = torch.empty_like(h)
        for idx in torch.arange(ROWS).view(-1, w_size):
            for i in range(views):
                z[idx + i * ROWS] = whitening(h[idx + i * ROWS])
        loss = 0
        for i in range(views - 1):
            for j in range(i + 1, views):
                loss = loss + loss_f(z[i * ROWS : (i + 1) * ROWS], z[j * ROWS : (j + 1) * ROWS])
        pairs = views * (views - 1) // 2
        return loss / pairs + regularizers(h[:ROWS], h[ROWS : 2 * ROWS], variance, covariance)

    options = {
        "projector": WIDTHS,
        "subBatch": w_size,
        "projectorTogether": together,
        "constantSide": loss_f is simplified,
        "variance": variance,
        "covariance": covariance,
    }
    return {"options": options, "views": views, **train(weights, loss_of)}


write(
    __file__,
    {
        "official code, two views": case(2, 8, together=True),
        "official code, four views": case(4, 8, together=True),
        "solo-learn": case(2, 8, loss_f=simplified),
        "solo-learn, four views": case(4, 16, loss_f=simplified),
        "each view by itself, the whole batch, with variance and covariance": case(2, 16, variance=1, covariance=0.01),
    },
)
