"""Writes classifiers.json: what scikit-learn makes of small images by k-NN and by a linear classifier on their pixels.

    pip install scikit-learn==1.9.1 && python classifiers.py

Images are grey, 8 x 8, made of formula.py's numbers: a class's centre under noise, rounded to a byte.
"""

import json
from pathlib import Path

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier

from formula import numbers

CLASSES, PIXELS = 10, 64
DECAY = 1e-3


def images(name, count):
    """Bytes [count, 64] and labels: class i mod 10."""
    labels = numpy.arange(count) % CLASSES
    centres = numpy.array(numbers("class centres", CLASSES * PIXELS, 1)).reshape(CLASSES, PIXELS)
    noise = numpy.array(numbers(f"{name} pixels", count * PIXELS, 1)).reshape(count, PIXELS)
    return numpy.floor(128 + 100 * noise + 20 * centres[labels] + 0.5).astype(int), labels


def features(pixels):
    """As an evaluation of raw pixels sees them."""
    return (pixels / 255 - 0.5) / 0.25


def correct(scores, labels, k):
    """A class that nobody voted for is no guess."""
    own = scores[numpy.arange(len(labels)), labels]
    above = (scores > own[:, None]).sum(axis=1)
    return ((above < k) & (own > 0)).astype(int).tolist()


def guessed(shares, labels):
    """The first class of each image with its share of all, and how often a class (row) was taken for another (column)."""
    guesses = shares.argmax(axis=1)
    return {
        "guesses": guesses.tolist(),
        "shares": shares.max(axis=1).round(4).tolist(),
        "confusion": confusion_matrix(labels, guesses, labels=range(CLASSES)).tolist(),
    }


train, known = images("train", 200)
test, asked = images("test", 100)
train, test = features(train), features(test)

knn = []
for k, similarity in [(7, "cosine"), (20, "cosine"), (20, "inverse-euclidean")]:
    if similarity == "cosine":
        machine = KNeighborsClassifier(k, metric="cosine", weights=lambda d: numpy.exp((1 - d) / 0.07))
    else:
        machine = KNeighborsClassifier(k, weights=lambda d: 1 / numpy.maximum(d, 1e-5))
    scores = machine.fit(train, known).predict_proba(test)
    right = {"top1": correct(scores, asked, 1), "top5": correct(scores, asked, 5)}
    knn.append({"k": k, "similarity": similarity, **right, **guessed(scores, asked)})

# Decay of every parameter, the bias with them, as a column of ones; the mean of the losses, so C is 1 / (decay x images).
with_one = [numpy.hstack([rows, numpy.ones((len(rows), 1))]) for rows in (train, test)]
machine = LogisticRegression(C=1 / (DECAY * len(train)), fit_intercept=False, tol=1e-10, max_iter=10000)
scores = machine.fit(with_one[0], known).decision_function(with_one[1])
right = (scores.argmax(axis=1) == asked).astype(int).tolist()
linear = {"decay": DECAY, "scores": scores.ravel().tolist(), "top1": right}
linear |= guessed(machine.predict_proba(with_one[1]), asked)
Path(__file__).with_name("classifiers.json").write_text(json.dumps({"knn": knn, "linear": linear}) + "\n")
