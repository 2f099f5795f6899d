"""Writes resize.json: what Pillow's resize gives in the versions whose order of passes differs.

    for version in 12.1.1 12.3.0 13.0.0; do
        python3 -m venv $version && $version/bin/pip install pillow==$version numpy && $version/bin/python resize.py
    done

Each version adds its own results. Shapes lie on both sides of each rule: 12.2 and 12.3 take the height first in pictures over
a hundred times as high as wide, 13 where the height loses more than twice the pixels of the width.
"""

import base64
import json
import pathlib

import numpy
import PIL
from PIL import Image

path = pathlib.Path(__file__).with_name("resize.json")
document = json.loads(path.read_text()) if path.exists() else {}
random = numpy.random.default_rng(20261129)

shapes = [
    ((40, 90), (16, 20)),
    ((30, 60), (24, 12)),
    # The height loses twice the pixels of the width, and one more.
    ((22, 36), (14, 20)),
    ((22, 37), (14, 20)),
    # The width grows, the height does not, loses one pixel, or grows less.
    ((13, 20), (24, 20)),
    ((13, 21), (24, 20)),
    ((13, 18), (24, 20)),
    # The width loses more.
    ((90, 40), (16, 20)),
    # A hundred times as high as wide, and more; growing, too.
    ((3, 300), (2, 40)),
    ((3, 301), (2, 40)),
    ((6, 700), (20, 16)),
    ((1, 130), (8, 140)),
    ((1, 1), (6, 5)),
]


def text(array):
    return base64.b64encode(numpy.ascontiguousarray(array, dtype=numpy.uint8).tobytes()).decode()


def results():
    for (width, height), size in shapes:
        for channels in (1, 3):
            array = random.integers(0, 256, (height, width, channels), dtype=numpy.uint8)
            image = Image.fromarray(array[:, :, 0] if channels == 1 else array)
            for interpolation in ("bilinear", "bicubic"):
                resized = image.resize(size, Image.Resampling[interpolation.upper()])
                case = {"width": width, "height": height, "channels": channels, "to": size, "interpolation": interpolation}
                yield {**case, "pixels": text(array)}, text(numpy.asarray(resized))


pairs = list(results())
document.setdefault("cases", [case for case, _ in pairs])
document.setdefault("expected", {})[PIL.__version__] = [result for _, result in pairs]
path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print(path.name, path.stat().st_size, "bytes,", len(pairs), "cases of Pillow", PIL.__version__)
