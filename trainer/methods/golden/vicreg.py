"""Writes vicreg.json: three steps of VICReg (Bardes et al., 2022, section 4.1), and with a predictor or without batch norm (Table 4)."""

from common import Weights, encoder, images, perceptron, regularizers, train, write


def case(widths, has_predictor=False, norm=True, paper=False):
    weights = Weights()

    def loss_of(step):
        x, y = (
            perceptron(weights, "expander", encoder(weights, images(view, step)), widths, norm=norm) for view in (0, 1)
        )
        predict = lambda z: perceptron(weights, "predictor", z, [widths[0], widths[-1]], norm=norm)
        if has_predictor:
            px, py = predict(x), predict(y)
            invariance = ((px - y).pow(2).mean() + (py - x).pow(2).mean()) / 2
        else:
            invariance = (x - y).pow(2).mean()
        return 25 * invariance + regularizers(x, y, 50 if paper else 25, 1)

    options = {
        "expander": widths,
        "hasPredictor": has_predictor,
        "batchNorm": norm,
        "varianceSum": "paper-algorithm-1" if paper else "official-code",
    }
    return {"options": options, **train(weights, loss_of)}


write(
    __file__,
    {
        "narrow": case([7, 4]),
        "wide": case([7, 12], paper=True),
        "with a predictor": case([7, 4], has_predictor=True),
        "without batch norm": case([7, 4], norm=False),
    },
)
