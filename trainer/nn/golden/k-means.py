"""Writes k-means.json: DeepCluster-v2's spherical k-means (facebookresearch/swav at 06b1b7c, main_deepclusterv2.py lines 352 to 387) in
float64, on rows and with first centroids for which clusters become empty.
"""

import json
from pathlib import Path

import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)
ROWS, COLUMNS, CLUSTERS, ITERATIONS = 60, 3, 12, 10


def cluster(rows, first):
    """Centroids, clusters of the rows, and how many were empty in any iteration."""
    centroids = rows[first].clone()
    empty = 0
    for iteration in range(ITERATIONS + 1):
        _, assignments = (rows @ centroids.t()).max(dim=1)
        if iteration == ITERATIONS:
            return centroids, assignments, empty
        counts = torch.bincount(assignments, minlength=CLUSTERS)
        sums = torch.zeros(CLUSTERS, COLUMNS).index_add_(0, assignments, rows)
        mask = counts > 0
        empty += int((~mask).sum())
        centroids[mask] = sums[mask] / counts[mask].unsqueeze(1)
        centroids = nn.functional.normalize(centroids, dim=1, p=2)


k = torch.arange(ROWS * COLUMNS, dtype=torch.float64)
rows = nn.functional.normalize(torch.sin(1 + 0.7 * k + 0.013 * k * k).reshape(ROWS, COLUMNS), dim=1, p=2)
cases = []
for seed in range(1000):
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(seed))
    centroids, assignments, empty = cluster(rows, order[:CLUSTERS])
    if empty > 0:
        case = {"order": order.tolist(), "centroids": centroids.flatten().tolist(), "assignments": assignments.tolist()}
        cases.append({**case, "empty": empty})
    if len(cases) == 3:
        break
golden = {"columns": COLUMNS, "clusters": CLUSTERS, "iterations": ITERATIONS, "rows": rows.flatten().tolist()}
Path(__file__).with_suffix(".json").write_text(json.dumps({**golden, "cases": cases}) + "\n")
