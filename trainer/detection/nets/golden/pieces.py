"""Writes pieces.json: parts of detectors computed in float64 by their definitions, with loops and without tricks.

    pip install numpy==2.4.6 torch==2.13.0 && python pieces.py

Definitions are those of detectron2 (commit 02b5c4e2): anchor_generator.py, box_regression.py, matcher.py, proposal_utils.py,
layers/roi_align.py and torchvision's roi_align, poolers.py, mask_rcnn's targets. torch is used for gradients of losses alone.
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.append(str(Path(__file__).resolve().parents[3] / "nn" / "golden"))
from formula import numbers  # noqa: E402
from written import write  # noqa: E402


def boxes(name, count, side, smallest=2.0):
    """Boxes [count, 4] within a square: two corners drawn and sorted, at least `smallest` wide and high."""
    values = (np.array(numbers(name, 4 * count, 0.5)).reshape(count, 4) + 0.5) * side
    left, right = np.minimum(values[:, 0], values[:, 2]), np.maximum(values[:, 0], values[:, 2])
    top, bottom = np.minimum(values[:, 1], values[:, 3]), np.maximum(values[:, 1], values[:, 3])
    right, bottom = np.maximum(right, left + smallest), np.maximum(bottom, top + smallest)
    return np.float32(np.stack([left, top, right, bottom], 1)).astype(float)


def anchors(rows, columns, stride, sizes, ratios):
    out = []
    for row in range(rows):
        for column in range(columns):
            for size in sizes:
                for ratio in ratios:
                    width = math.sqrt(size * size / ratio)
                    height = width * ratio
                    x, y = column * stride, row * stride
                    out.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    return out


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def deltas(source, target, weights):
    out = []
    for a, b in zip(source, target):
        aw, ah, bw, bh = a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1]
        out.append(
            [
                weights[0] * ((b[0] + b[2]) / 2 - (a[0] + a[2]) / 2) / aw,
                weights[1] * ((b[1] + b[3]) / 2 - (a[1] + a[3]) / 2) / ah,
                weights[2] * math.log(bw / aw),
                weights[3] * math.log(bh / ah),
            ]
        )
    return out


def moved(source, change, weights):
    out = []
    for a, d in zip(source, change):
        width, height = a[2] - a[0], a[3] - a[1]
        x = d[0] / weights[0] * width + (a[0] + a[2]) / 2
        y = d[1] / weights[1] * height + (a[1] + a[3]) / 2
        w = math.exp(min(d[2] / weights[2], math.log(1000 / 16))) * width
        h = math.exp(min(d[3] / weights[3], math.log(1000 / 16))) * height
        out.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    return out


def matches(quality, low, high, best):
    """quality [a][g] -> for each a: the object, and 1, 0 or -1."""
    result = []
    for row in quality:
        most = max(row)
        result.append([row.index(most), 1 if most >= high else (0 if most < low else -1)])
    if best:
        for g in range(len(quality[0])):
            top = max(row[g] for row in quality)
            for a, row in enumerate(quality):
                if row[g] == top and top > 0:
                    result[a][1] = 1
    return result


def suppressed(found, scores, threshold):
    order = sorted(range(len(found)), key=lambda i: -scores[i])
    kept = []
    for i in order:
        if all(overlap(found[i], found[j]) <= threshold for j in kept):
            kept.append(i)
    return kept


def sample(features, y, x):
    """Bilinear, [channels]; 0 beyond one pixel outside."""
    height, width, channels = features.shape
    if y < -1 or y > height or x < -1 or x > width:
        return np.zeros(channels)
    y, x = max(y, 0), max(x, 0)
    y0, x0 = int(y), int(x)
    if y0 >= height - 1:
        y = y0 = y1 = height - 1
    else:
        y1 = y0 + 1
    if x0 >= width - 1:
        x = x0 = x1 = width - 1
    else:
        x1 = x0 + 1
    fy, fx = y - y0, x - x0
    return (
        features[y0, x0] * (1 - fy) * (1 - fx)
        + features[y0, x1] * (1 - fy) * fx
        + features[y1, x0] * fy * (1 - fx)
        + features[y1, x1] * fy * fx
    )


def roi_align(features, box, bins, scale, samples):
    left, top, right, bottom = [value * scale for value in box]
    height, width = (bottom - top) / bins, (right - left) / bins
    down = samples if samples > 0 else math.ceil((bottom - top) / bins)
    across = samples if samples > 0 else math.ceil((right - left) / bins)
    out = np.zeros((bins, bins, features.shape[2]))
    for i in range(bins):
        for j in range(bins):
            for u in range(down):
                for v in range(across):
                    y = top - 0.5 + (i + (u + 0.5) / down) * height
                    x = left - 0.5 + (j + (v + 0.5) / across) * width
                    out[i, j] += sample(features, y, x) / (down * across)
    return out


def roi_gradient(shape, box, bins, scale, samples, dy):
    """By the definition: each feature's share in each bin."""
    gradient = np.zeros(shape)
    for y in range(shape[0]):
        for x in range(shape[1]):
            one = np.zeros((shape[0], shape[1], 1))
            one[y, x, 0] = 1
            share = roi_align(one, box, bins, scale, samples)[:, :, 0]
            gradient[y, x] = np.einsum("ij,ijc->c", share, dy)
    return gradient


golden = {}

golden["anchors"] = anchors(2, 3, 16, [32, 64], [0.5, 1, 2])

objects, regions = boxes("objects", 5, 100), boxes("regions", 40, 100)
quality = [[overlap(a, b) for b in objects] for a in regions]
golden["overlaps"] = quality
golden["matches"] = matches(quality, 0.3, 0.7, True)
golden["halves"] = matches(quality, 0.5, 0.5, False)

targets = boxes("targets", 40, 100)
golden["deltas"] = deltas(regions, targets, [10, 10, 5, 5])
changes = np.array(numbers("changes", 160, 6)).reshape(40, 4)
golden["moved"] = moved(regions, changes, [1, 1, 1, 1])

many = boxes("many", 60, 60)
scores = np.float32(numbers("scores", 60, 1)).astype(float)
# Equal scores: the earlier box counts as the higher.
scores[10] = scores[20] = scores[30]
golden["scores"] = scores.tolist()
golden["suppressed"] = suppressed(many.tolist(), scores.tolist(), 0.4)

features = np.float32(numbers("features", 9 * 11 * 2, 1)).astype(float).reshape(9, 11, 2)
# The third and the fourth reach beyond the map, the fifth is smaller than a bin, the last has no height.
pooled_boxes = [
    [3, 5, 80, 70],
    [20, 10, 31, 81],
    [-40, -30, 30, 30],
    [60, 40, 140, 105],
    [33, 33, 35, 36],
    [10, 7, 70, 7],
]
dy = np.array(numbers("dy", 6 * 3 * 3 * 2, 1)).reshape(6, 3, 3, 2)
golden["pooled"] = {
    str(samples): {
        "y": [roi_align(features, box, 3, 1 / 8, samples).tolist() for box in pooled_boxes],
        "dx": sum(
            roi_gradient(features.shape, box, 3, 1 / 8, samples, dy[i]) for i, box in enumerate(pooled_boxes)
        ).tolist(),
    }
    for samples in (0, 2)
}

# Level of a box in a pyramid of four levels from stride 4 on.
squares = [[0, 0, side, side] for side in (10, 111.9, 112, 223, 224, 447, 448, 900)]
golden["levels"] = [
    min(max(math.floor(4 + math.log2(math.sqrt((b[2] - b[0]) * (b[3] - b[1])) / 224 + 1e-8)), 2), 5) - 2
    for b in squares
]

mask = np.zeros((20, 24))
for y in range(20):
    for x in range(24):
        mask[y, x] = 1 if (x - 11) ** 2 + (y - 9) ** 2 < 49 else 0
golden["mask"] = [
    (roi_align(mask[:, :, None], box, 7, 1, 0)[:, :, 0] >= 0.5).astype(int).tolist()
    for box in ([4, 2, 18, 16], [8, 1, 23, 19.5], [0, 0, 5, 5])
]

logits = torch.tensor(numbers("logits", 30, 4), dtype=torch.float64).reshape(6, 5).requires_grad_()
labels = torch.tensor([0, 1, 2, 3, 4, 4])
weight = torch.tensor([1, 1, 0, 1, 1, 0], dtype=torch.float64)
each = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
loss = (each * weight).sum() / weight.sum()
loss.backward()
golden["classes"] = {"loss": loss.item(), "gradient": logits.grad.tolist()}

binary = torch.tensor(numbers("binary", 12, 30), dtype=torch.float64).requires_grad_()
truth = torch.tensor([1, 0] * 6, dtype=torch.float64)
loss = torch.nn.functional.binary_cross_entropy_with_logits(binary, truth, reduction="sum")
loss.backward()
golden["binary"] = {"loss": loss.item(), "gradient": binary.grad.tolist()}

write(__file__, "pieces.json", golden)
