"""Writes detector-layouts.json: layers of detectron2's detectors computed in float64 by their definitions, with loops.

    pip install numpy==2.4.6 && python detector_layouts.py

Definitions are those of detectron2 (commit 02b5c4e2) and PyTorch: box_head.py flattens [N, C, H, W] from its second axis and
multiplies with Linear's [out, in]; fast_rcnn.py's scores end with the background, its deltas are four numbers a class;
mask_head.py's deconv is ConvTranspose2d(kernel 2, stride 2), whose weights are [in, out, 2, 2]; resnet.py with STRIDE_IN_1X1
has a bottleneck's stride in its first convolution, and rcnn.py takes the mean of pixels that are blue, green and red. Beside
them stand two files as Python's pickle writes them, the zoo's way: {"model": arrays by name, "__author__": text}.
"""

import base64
import pickle
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[2] / "nn" / "golden"))
from formula import numbers  # noqa: E402
from written import write  # noqa: E402


def array(name, *shape):
    return np.array(numbers(name, int(np.prod(shape)), 1.0)).reshape(shape)


def convolved(x, weight, stride, padding):
    """x [C, H, W], weight [O, C, k, k]: out[o, r, c] = sum of weight[o, i, a, b] x[i, r stride + a - padding, ...]."""
    outputs, inputs, side, _ = weight.shape
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    rows = (padded.shape[1] - side) // stride + 1
    columns = (padded.shape[2] - side) // stride + 1
    y = np.zeros((outputs, rows, columns))
    for o in range(outputs):
        for row in range(rows):
            for column in range(columns):
                for i in range(inputs):
                    for a in range(side):
                        for b in range(side):
                            at = padded[i, row * stride + a, column * stride + b]
                            y[o, row, column] += weight[o, i, a, b] * at
    return y


def transposed(x, weight):
    """x [I, H, W], weight [I, O, 2, 2]: every place is spread over 2 x 2 places."""
    inputs, height, width = x.shape
    y = np.zeros((weight.shape[1], 2 * height, 2 * width))
    for i in range(inputs):
        for o in range(weight.shape[1]):
            for row in range(height):
                for column in range(width):
                    for a in range(2):
                        for b in range(2):
                            y[o, 2 * row + a, 2 * column + b] += x[i, row, column] * weight[i, o, a, b]
    return y


def positive(x):
    return np.maximum(x, 0)


def box_head():
    """Two regions of 3 channels of 7 x 7, fc1 to 5 and the predictor of two classes."""
    x = array("regions", 2, 3, 7, 7)
    hidden = positive(x.reshape(2, -1) @ array("fc1.weight", 5, 147).T + array("fc1.bias", 5))
    return {
        "scores": (hidden @ array("cls_score.weight", 3, 5).T + array("cls_score.bias", 3)).ravel().tolist(),
        "deltas": (hidden @ array("bbox_pred.weight", 8, 5).T + array("bbox_pred.bias", 8)).ravel().tolist(),
    }


def mask_head():
    """One region of 4 channels of 3 x 2: four convolutions, the transposed one, two classes."""
    x = array("region", 4, 3, 2)
    for at in range(1, 5):
        y = convolved(x, array(f"mask_fcn{at}.weight", 4, 4, 3, 3), 1, 1)
        x = positive(y + array(f"mask_fcn{at}.bias", 4)[:, None, None])
    x = positive(transposed(x, array("deconv.weight", 4, 4, 2, 2)) + array("deconv.bias", 4)[:, None, None])
    y = convolved(x, array("predictor.weight", 2, 4, 1, 1), 1, 0) + array("predictor.bias", 2)[:, None, None]
    return {"logits": y.transpose(1, 2, 0).ravel().tolist()}


def caffe2():
    """Pixels of 6 x 6 from 0 to 255, red first in the file's picture, seen blue first by a stem; a block with its stride first."""
    pixels = np.round((array("pixels", 6, 6, 3) + 1) * 127.5)
    mean = np.array([103.53, 116.28, 123.675])
    x = (pixels[:, :, ::-1] - mean).transpose(2, 0, 1) / 64
    stem = positive(convolved(x, array("stem.weight", 8, 3, 7, 7), 2, 3))
    x = array("features", 16, 5, 5)
    y = positive(convolved(x, array("conv1.weight", 8, 16, 1, 1), 2, 0))
    y = positive(convolved(y, array("conv2.weight", 8, 8, 3, 3), 1, 1))
    y = convolved(y, array("conv3.weight", 32, 8, 1, 1), 1, 0)
    y = positive(y + convolved(x, array("shortcut.weight", 32, 16, 1, 1), 2, 0))
    return {
        "pixels": pixels.ravel().tolist(),
        "stem": stem.transpose(1, 2, 0).ravel().tolist(),
        "block": y.transpose(1, 2, 0).ravel().tolist(),
    }


def files():
    model = {"backbone.stem.conv1.weight": np.float32(array("w", 2, 3, 1, 1)), "steps": np.array(7)}
    zoo = {"model": model, "__author__": "Detectron2 Model Zoo"}
    return {str(each): base64.b64encode(pickle.dumps(zoo, each)).decode() for each in (2, 3, 4, 5)}


write(
    __file__,
    "detector-layouts.json",
    {"boxes": box_head(), "masks": mask_head(), "caffe2": caffe2(), "files": files()},
)
