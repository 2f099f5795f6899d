"""Writes pasting.json: masks of a detector put into pictures, in float64, from the definition of bilinear samples.

    python3 -m pip install pycocotools==2.0.11 numpy && python3 pasting.py

The value at the middle of a pixel is that of the mask at the same share of the box, the mask's cells having their values
at their middles and 0 lying all around it; inside is what reaches a half. Values and boxes are binary fractions, so that
float32 holds them.
"""

import json
import pathlib

import numpy
from pycocotools import mask as coco_mask

random = numpy.random.default_rng(20261129)


def value_at(mask, y, x):
    """Bilinear, 0 beyond."""
    side = len(mask)
    total = 0.0
    for row in (int(numpy.floor(y)), int(numpy.floor(y)) + 1):
        for column in (int(numpy.floor(x)), int(numpy.floor(x)) + 1):
            if 0 <= row < side and 0 <= column < side:
                total += (1 - abs(y - row)) * (1 - abs(x - column)) * mask[row][column]
    return total


def pasted(mask, box, height, width):
    """The picture, and how near the nearest pixel is to the threshold."""
    side, (left, top, right, bottom) = len(mask), box
    values = numpy.array(
        [
            [
                value_at(mask, (row + 0.5 - top) / (bottom - top) * side - 0.5, (column + 0.5 - left) / (right - left) * side - 0.5)
                for column in range(width)
            ]
            for row in range(height)
        ]
    )
    return values >= 0.5, float(numpy.abs(values - 0.5).min())


def cases():
    while True:
        side = int(random.choice([4, 14, 28]))
        height, width = (int(each) for each in random.integers(8, 48, 2))
        mask = numpy.repeat(numpy.repeat(random.integers(0, 256, (side // 2, side // 2)), 2, 0), 2, 1) / 256
        low = numpy.round(random.uniform(-10, [width, height]) * 8) / 8
        size = numpy.round(random.uniform(0.25, [width, height]) * 8) / 8
        box = [*low, *(low + size)]
        picture, distance = pasted(mask, box, height, width)
        # A value at the threshold is decided by the last bit of float32.
        if distance < 1e-5:
            continue
        runs = coco_mask.encode(numpy.asfortranarray(picture.astype(numpy.uint8)))
        yield {
            "side": side,
            "mask": (mask[::2, ::2] * 256).astype(int).ravel().tolist(),
            "box": [float(each) for each in box],
            "height": height,
            "width": width,
            "counts": runs["counts"].decode(),
        }


drawn = cases()
golden = [next(drawn) for _ in range(40)]
pathlib.Path(__file__).with_name("pasting.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
