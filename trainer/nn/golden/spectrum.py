"""Writes spectrum.json: singular values of a covariance by NumPy, each over the largest, and what lies off its diagonal.

    python spectrum.py

Features are 50 x 20 of formula.py's numbers, column c times 0.9^c, so that the spectrum falls.
"""

import json
from pathlib import Path

import numpy

from formula import numbers

ROWS, COLUMNS = 50, 20
features = numpy.array(numbers("spectrum", ROWS * COLUMNS, 1)).reshape(ROWS, COLUMNS) * 0.9 ** numpy.arange(COLUMNS) + 3
covariance = numpy.cov(features, rowvar=False)
singular = numpy.linalg.svd(covariance, compute_uv=False)
off = numpy.abs(covariance[~numpy.eye(COLUMNS, dtype=bool)]).mean()
found = {
    "spectrum": (singular / singular[0]).tolist(),
    "covariance": off / numpy.diag(covariance).mean(),
}
Path(__file__).with_name("spectrum.json").write_text(json.dumps(found) + "\n")
