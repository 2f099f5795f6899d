"""Writes coco.json: what pycocotools makes of masks and of detections.

    python3 -m pip install pycocotools==2.0.11 numpy && python3 coco.py

`python3 coco.py SEED FILE` draws other cases and writes them to FILE, for coco.nightly.test.ts.

Places are whole quarters of pixels and scores whole hundredths, so that equal scores and overlaps of exactly a threshold are
frequent; some cases are not, so that they are not the only ones.
"""

import contextlib
import copy
import io
import json
import pathlib
import sys

import numpy
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20261129
target = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).with_name("coco.json")
random = numpy.random.default_rng(seed)
CATEGORIES = [3, 7, 21, 90]


def numbers(values):
    return [float(value) for value in values]


def text(runs):
    return runs["counts"].decode()


def polygon(height, width, points, grid):
    """Points around a middle, in order of their angles or not, partly beyond the picture."""
    middle = random.uniform(-5, [width + 5, height + 5])
    reach = random.uniform(0.5, max(height, width))
    angles = random.uniform(0, 2 * numpy.pi, points)
    if random.random() < 0.7:
        angles.sort()
    radii = random.uniform(0.2, 1, points) * reach
    ring = numpy.stack([middle[0] + radii * numpy.cos(angles), middle[1] + radii * numpy.sin(angles)], 1)
    if random.random() < 0.2:
        ring = numpy.repeat(ring, 2, axis=0)
    return numbers((numpy.round(ring * grid) / grid).ravel())


def masks(count):
    """Rings, their mask, what several merge to, and how two overlap."""
    cases = []
    for _ in range(count):
        height, width = (int(side) for side in random.integers(1, 60, 2))
        rings = [
            polygon(height, width, int(random.integers(3, 9)), random.choice([1, 2, 4, 100, 1e6]))
            for _ in range(int(random.integers(1, 4)))
        ]
        runs = coco_mask.frPyObjects(rings, height, width)
        union = coco_mask.merge(runs)
        other = coco_mask.encode(numpy.asfortranarray((random.random((height, width)) < random.random()).astype(numpy.uint8)))
        cases.append(
            {
                "height": height,
                "width": width,
                "rings": rings,
                "masks": [text(each) for each in runs],
                "union": text(union),
                "area": int(coco_mask.area(union)),
                "box": numbers(coco_mask.toBbox(union)),
                "other": text(other),
                "otherBox": numbers(coco_mask.toBbox(other)),
                "both": text(coco_mask.merge([union, other], intersect=True)),
                "overlap": float(coco_mask.iou([union], [other], [0])[0, 0]),
                "crowd": float(coco_mask.iou([union], [other], [1])[0, 0]),
            }
        )
    return cases


def random_box(width, height, largest, grid):
    size = numpy.maximum(random.uniform(0, largest, 2), 1 / grid)
    place = random.uniform(0, [width, height]) - size / 4
    return numpy.round(numpy.concatenate([place, size]) * grid) / grid


def mask_of(box, height, width):
    """An ellipse in a box, as run lengths; ragged, so that boxes and masks do not agree."""
    x, y, w, h = box
    columns, rows = numpy.meshgrid(numpy.arange(width) + 0.5, numpy.arange(height) + 0.5)
    inside = ((columns - x - w / 2) / (w / 2 + 1e-9)) ** 2 + ((rows - y - h / 2) / (h / 2 + 1e-9)) ** 2 <= 1
    return coco_mask.encode(numpy.asfortranarray(inside.astype(numpy.uint8)))


def dataset(images, classes, most, largest, grid, crowds):
    """Images whose ids are not in the order of their list, and annotations with areas of their own."""
    ids = random.permutation(images * 3)[:images] + 1
    pictures = [{"id": int(each), "width": int(random.integers(60, 240)), "height": int(random.integers(60, 200))} for each in ids]
    annotations = []
    for picture in pictures:
        for _ in range(int(random.integers(0, most + 1))):
            box = random_box(picture["width"], picture["height"], largest, grid)
            runs = mask_of(box, picture["height"], picture["width"])
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": picture["id"],
                    "category_id": CATEGORIES[int(random.integers(classes))],
                    "bbox": numbers(box),
                    "area": float(coco_mask.area(runs)),
                    "iscrowd": int(random.random() < crowds),
                    "segmentation": {"size": runs["size"], "counts": text(runs)},
                }
            )
    return {
        "images": pictures,
        "annotations": annotations,
        "categories": [{"id": each, "name": str(each)} for each in CATEGORIES],
    }


def detections(data, most, grid, scores, extra):
    """Objects that were found more or less, some twice, some as another class, and some that are not there."""
    found = []

    def add(picture, category, box):
        runs = mask_of(box, picture["height"], picture["width"])
        found.append(
            {
                "image_id": picture["id"],
                "category_id": int(category),
                "bbox": numbers(box),
                "score": float(numpy.round(random.random() * scores) / scores),
                "segmentation": {"size": runs["size"], "counts": text(runs)},
            }
        )

    for picture in data["images"]:
        own = [each for each in data["annotations"] if each["image_id"] == picture["id"]]
        for each in own:
            for _ in range(int(random.integers(0, most + 1))):
                shift = random.normal(0, 0.08, 4) * numpy.array(each["bbox"])[[2, 3, 2, 3]] * random.integers(0, 3)
                box = numpy.round((numpy.array(each["bbox"]) + shift) * grid) / grid
                box[2:] = numpy.maximum(box[2:], 0)
                add(picture, random.choice(CATEGORIES) if random.random() < 0.15 else each["category_id"], box)
        for _ in range(int(random.integers(0, extra + 1))):
            add(picture, random.choice(CATEGORIES), random_box(picture["width"], picture["height"], 120, grid))
    return found


def evaluate(data, found, kind):
    """The twelve figures, and of every class and area the average precision and recall."""
    found = copy.deepcopy(found)
    if kind == "segm":
        # As detectron2 does, so that the areas of detections are their masks'.
        for each in found:
            del each["bbox"]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = copy.deepcopy(data)
        truth.createIndex()
        results = truth.loadRes(found) if found else COCO()
        if not found:
            results.dataset = {"images": data["images"], "categories": data["categories"], "annotations": []}
            results.createIndex()
        evaluation = COCOeval(truth, results, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][..., 2].mean(axis=1)
    recall = evaluation.eval["recall"]
    return {
        "figures": numbers(evaluation.stats),
        "precision": precision.transpose(1, 2, 0).tolist(),
        "recall": recall.mean(axis=0).tolist(),
    }


def case(name, data, found):
    return {
        "name": name,
        "data": data,
        "detections": found,
        "boxes": evaluate(data, found, "bbox"),
        "masks": evaluate(data, found, "segm"),
    }


def crowded():
    """More than a hundred detections of one class in an image."""
    data = dataset(2, 1, 6, 60, 4, 0)
    return data, detections(data, 1, 4, 1000, 0) + [
        {**each, "score": float(numpy.round(random.random(), 2)), "category_id": 3}
        for _ in range(60)
        for each in detections(data, 1, 4, 10, 0)[:4]
    ]


def degenerate():
    """Boxes without area, reversed, beyond the picture and far larger than it."""
    data = dataset(3, 2, 3, 80, 4, 0)
    found = detections(data, 2, 4, 20, 2)
    picture = data["images"][0]
    for box in ([10, 10, 0, 5], [10, 10, 0, 0], [30, 30, -20, 10], [30, 30, -20, -10], [-50, -50, 20, 20], [-9, -9, 200000, 200000]):
        runs = mask_of([10, 10, 5, 5], picture["height"], picture["width"])
        segmentation = {"size": runs["size"], "counts": text(runs)}
        found.append({"image_id": picture["id"], "category_id": 3, "bbox": numbers(box), "score": 0.5, "segmentation": segmentation})
    nothing = mask_of([40, 40, 0, 0], picture["height"], picture["width"])
    data["annotations"].append(
        {
            "id": 1000,
            "image_id": picture["id"],
            "category_id": 3,
            "bbox": [40.0, 40.0, 0.0, 0.0],
            "area": 0.0,
            "iscrowd": 0,
            "segmentation": {"size": nothing["size"], "counts": text(nothing)},
        }
    )
    return data, found


def exactly():
    """Overlaps of exactly a threshold, and a detection between two objects, of which it takes the later one."""
    picture = {"id": 1, "width": 100, "height": 100}

    def entry(category, box):
        runs = mask_of(box, 100, 100)
        segmentation = {"size": runs["size"], "counts": text(runs)}
        return {"image_id": 1, "category_id": category, "bbox": numbers(box), "segmentation": segmentation}

    objects = [entry(3, [0, 0, 20, 20]), entry(7, [0, 0, 20, 20]), entry(21, [0, 0, 20, 20]), entry(21, [10, 0, 20, 20])]
    found = [entry(3, [0, 0, 10, 20]), entry(7, [0, 0, 15, 20]), entry(21, [5, 0, 20, 20]), entry(21, [0, 0, 20, 20])]
    return {
        "images": [picture],
        "annotations": [{**each, "id": at + 1, "area": 400.0, "iscrowd": 0} for at, each in enumerate(objects)],
        "categories": [{"id": each, "name": str(each)} for each in CATEGORIES],
    }, [{**each, "score": 0.9 - at / 10} for at, each in enumerate(found)]


def cases():
    yield ("equal scores", *with_detections(dataset(10, 3, 4, 60, 4, 0.1), 2, 4, 5, 3))
    yield ("every area, with crowds", *with_detections(dataset(11, 4, 5, 180, 4, 0.3), 3, 4, 100, 3))
    yield ("any place and score", *with_detections(dataset(6, 4, 4, 120, 1e9, 0.1), 3, 1e9, 1e9, 3))
    yield ("crowds alone", *with_detections(dataset(8, 2, 3, 100, 4, 1), 2, 4, 10, 1))
    yield ("more than a hundred detections", *crowded())
    yield ("boxes that are none", *degenerate())
    yield ("overlaps of exactly a threshold", *exactly())
    yield ("no detections", dataset(3, 2, 3, 60, 4, 0), [])


def with_detections(data, most, grid, scores, extra):
    return data, detections(data, most, grid, scores, extra)


golden = {"masks": masks(120), "cases": [case(*each) for each in cases()]}
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
