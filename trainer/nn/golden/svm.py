"""Writes svm.json: what scikit-learn makes of images that show several classes, by the recipe of VISSL's VOC07 benchmark.

    pip install scikit-learn==1.9.1 && python svm.py

Images are rows of features made by formula.py, from classes that the formula says are there.
"""

import json
import math
import warnings
from pathlib import Path

import numpy
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import LinearSVC

from formula import numbers

COSTS = [0.01, 0.1, 1, 2, 5, 10, 15, 20, 50, 100, 1000]
CLASSES, COLUMNS = 6, 24


def values(name, *shape):
    return numpy.array(numbers(name, math.prod(shape), 1)).reshape(shape)


def images(name, rows):
    """1 where a class is there, -1 where it is difficult to see, else 0; and features that tell of it in part."""
    drawn = values(f"{name} presence", rows, CLASSES)
    presence = numpy.where(drawn > 0.5, 1, numpy.where(drawn > 0.4, -1, 0))
    seen = numpy.where(presence == 1, 1.0, numpy.where(presence == -1, 0.3, 0.0))
    return values(f"{name} noise", rows, COLUMNS) + 0.8 * seen @ values("centres", CLASSES, COLUMNS), presence


def unit(features):
    return features / (numpy.linalg.norm(features, axis=1, keepdims=True) + 1e-5)


def envelope(truth, scores):
    """Area under precision made monotone from the right, at every step of recall."""
    order = numpy.argsort(-scores, kind="stable")
    found = numpy.cumsum(truth[order])
    recall, precision = found / truth.sum(), found / numpy.arange(1, len(order) + 1)
    precision = numpy.maximum.accumulate(precision[::-1])[::-1]
    return float(numpy.sum(numpy.diff(numpy.concatenate([[0], recall])) * precision))


def machine(cost):
    return LinearSVC(C=cost, class_weight={1: 2, -1: 1}, dual=True, loss="squared_hinge", tol=1e-4, max_iter=2000, random_state=0)


warnings.simplefilter("ignore", ConvergenceWarning)
train, known = images("train", 240)
test, asked = images("test", 180)
train, test = unit(train), unit(test)
classes = []
for label in range(CLASSES):
    # What is difficult to see counts as not there in training, and not at all in the test.
    counted = asked[:, label] != -1
    signs = numpy.where(known[:, label] == 1, 1, -1)
    folds = numpy.empty(len(signs), dtype=int)
    for part, (_, held) in enumerate(StratifiedKFold(3).split(train, signs)):
        folds[held] = part
    means = [cross_val_score(machine(cost), train, signs, cv=3, scoring="average_precision").mean() for cost in COSTS]
    chosen = COSTS[int(numpy.argmax(means))]
    scores = machine(chosen).fit(train, signs).decision_function(test[counted])
    truth = asked[counted, label]
    precise = machine(1).set_params(tol=1e-10, max_iter=100000).fit(train, signs)
    classes.append(
        {
            "folds": folds.tolist(),
            "validation": means,
            "chosen": chosen,
            "average": float(average_precision_score(truth, scores)),
            "envelope": envelope(truth, scores),
            "weights": [*precise.coef_[0].tolist(), float(precise.intercept_[0])],
            "scores": scores.tolist(),
        }
    )
Path(__file__).with_name("svm.json").write_text(json.dumps(classes) + "\n")
