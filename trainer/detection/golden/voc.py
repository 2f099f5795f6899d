"""Writes voc.json: PASCAL VOC's average precision of drawn detections, in float64, from the definitions.

    python3 -m pip install numpy && python3 voc.py

Written from the documentation of the devkit (VOC2007, section 4.2; VOC2012, sections 3.4 and 8) and from the description of
detectron2's evaluator: its detections pass through text, and it asks for more than the threshold. Boxes are of pixels, counted from 1,
last pixel included. A line of a result file is (image, score, box).
"""

import json
import math
import pathlib

import numpy

random = numpy.random.default_rng(20261129)
CLASSES = 4


def overlaps(box, others):
    """[others]; the width of a box of pixels a to b is b - a + 1."""
    if len(others) == 0:
        return numpy.zeros(0)
    others = numpy.asarray(others, dtype=numpy.float64)
    low, high = numpy.maximum(box[:2], others[:, :2]), numpy.minimum(box[2:], others[:, 2:])
    sides = numpy.clip(high - low + 1, 0, None)
    shared = sides[:, 0] * sides[:, 1]
    area = (box[2] - box[0] + 1) * (box[3] - box[1] + 1)
    areas = (others[:, 2] - others[:, 0] + 1) * (others[:, 3] - others[:, 1] + 1)
    return shared / (area + areas - shared)


def right_and_wrong(lines, truth, threshold, includes):
    """Two columns, the highest score first; a detection of a difficult object is in neither."""
    taken = {image: set() for image in truth}
    rows = []
    for image, score, box in sorted(lines, key=lambda line: -line[1]):
        boxes = [each["box"] for each in truth[image]]
        own = overlaps(numpy.array(box, dtype=numpy.float64), boxes)
        nearest = int(own.argmax()) if len(own) else None
        if nearest is None or not (own[nearest] >= threshold if includes else own[nearest] > threshold):
            rows.append((0, 1))
        elif truth[image][nearest]["difficult"]:
            rows.append((0, 0))
        else:
            rows.append((0, 1) if nearest in taken[image] else (1, 0))
            taken[image].add(nearest)
    return numpy.array(rows, dtype=numpy.float64).reshape(-1, 2)


def average(rows, positives, eleven):
    """None without objects that count."""
    if positives == 0:
        return None
    right, wrong = rows.cumsum(axis=0).T if len(rows) else (numpy.zeros(0), numpy.zeros(0))
    recall = right / positives
    precision = right / numpy.maximum(right + wrong, numpy.finfo(numpy.float64).eps)
    if eleven:
        return float(sum(precision[recall >= level].max(initial=0) / 11 for level in numpy.arange(0, 1.1, 0.1)))
    area = 0.0
    for before, now in zip(numpy.concatenate([[0.0], recall[:-1]]), recall):
        if now > before:
            area += (now - before) * precision[recall >= now].max()
    return float(area)


def box_near(size):
    """Whole pixels, inside the picture."""
    low = random.integers(1, size - 12, 2)
    high = numpy.minimum(low + random.integers(3, 40, 2), size)
    return [int(each) for each in (*low, *high)]


def draw(images, most, scores, decimals, difficult, hits):
    truth = {f"{2007 + at % 2}_{at:06d}": [] for at in range(images)}
    lines = []
    for image, objects in truth.items():
        for _ in range(int(random.integers(0, most + 1))):
            objects.append({"class": int(random.integers(CLASSES - 1)), "difficult": bool(random.random() < difficult), "box": box_near(90)})
        for each in objects:
            for _ in range(int(random.integers(0, hits + 1))):
                box = numpy.array(each["box"]) + random.normal(0, 2.5, 4) * random.integers(0, 2)
                label = int(random.integers(CLASSES)) if random.random() < 0.15 else each["class"]
                lines.append((image, label, score(scores), [float(side) for side in numpy.round(box, decimals)]))
        for _ in range(int(random.integers(0, 3))):
            lines.append((image, int(random.integers(CLASSES)), score(scores), [float(each) for each in box_near(90)]))
    return truth, lines


def score(scores):
    return float(numpy.round(random.random() * scores) / scores)


def through_text(image, label, value, box):
    """As detectron2 writes a detection; a box of its is shifted by 1 on the way out, as those here already are."""
    return image, label, float(f"{value:.3f}"), [float(f"{each:.1f}") for each in box]


THRESHOLDS = [each / 100 for each in range(50, 100, 5)]


def case(name, truth, lines):
    expected = {}
    for rules, passed in (("devkit", lines), ("detectron2", [through_text(*line) for line in lines])):
        expected[rules] = {"elevenLevels": [], "area": []}
        for label in range(CLASSES):
            own = {image: [each for each in objects if each["class"] == label] for image, objects in truth.items()}
            positives = sum(not each["difficult"] for objects in own.values() for each in objects)
            # Stable, so within an image the higher score of two that text makes equal comes first.
            ranked = sorted((line for line in lines if line[1] == label), key=lambda line: (list(truth).index(line[0]), -line[2]))
            chosen = [passed[lines.index(line)] for line in ranked]
            rows = [
                right_and_wrong([(image, value, box) for image, _, value, box in chosen], own, threshold, rules == "devkit")
                for threshold in THRESHOLDS
            ]
            expected[rules]["elevenLevels"].append([average(each, positives, True) for each in rows])
            expected[rules]["area"].append([average(each, positives, False) for each in rows])
    return {
        "name": name,
        "images": [{"id": image, "objects": objects} for image, objects in truth.items()],
        "lines": lines,
        "expected": expected,
    }


def exactly_half():
    """Overlaps of exactly a half, twice, with a difficult object between two that are not."""
    truth = {"000001": [{"class": 0, "difficult": bool(at == 1), "box": [1 + 30 * at, 1, 20 + 30 * at, 10]} for at in range(3)]}
    lines = [("000001", 0, 0.9 - 0.1 * at, [1.0 + 30 * at, 1.0, 10.0 + 30 * at, 10.0]) for at in range(3)]
    return truth, [*lines, ("000001", 0, 0.05, [1.0, 1.0, 20.0, 10.0]), ("000001", 0, 0.04, [1.0, 1.0, 20.0, 10.0])]


def between_decimals():
    """Values halfway between two that text can hold: Python takes the even one."""
    truth = {"000001": [{"class": 0, "difficult": False, "box": [1, 1, 20, 20]}], "000002": []}
    lines = [("000001", 0, 0.0625, [1.25, 1.75, 20.25, 20.75]), ("000002", 0, 0.0622, [1.0, 1.0, 5.0, 5.0])]
    return truth, [*lines, ("000002", 0, 0.1875, [1.0, 1.0, 6.0, 6.0])]


golden = [
    case("equal scores", *draw(12, 4, 8, 0, 0.2, 2)),
    case("any score and place", *draw(12, 4, 1e9, 3, 0.2, 2)),
    case("many found twice, many difficult", *draw(10, 5, 1000, 1, 0.5, 4)),
    case("exactly half", *exactly_half()),
    case("between decimals", *between_decimals()),
    case("no detections", draw(4, 3, 10, 0, 0.2, 0)[0], []),
]
assert all(value is None or math.isfinite(value) for each in golden for by in each["expected"].values() for rows in by.values() for row in rows for value in row)
pathlib.Path(__file__).with_name("voc.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
