"""Reference values for statistics.test.ts. Needs scipy, statsmodels and scikit-learn; prints JSON: python3 statistics.py > statistics.json"""
import json
import numpy as np
from scipy import special, stats
from sklearn.metrics import precision_recall_curve
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

values = [73.31, 72.94, 73.55, 73.02]
three = [73.15, 73.2, 73.25]
right = ((np.arange(2000) * 7919) % 1000 < 840).astype(float)
other = ((np.arange(2000) * 6101 + 13) % 1000 < 815).astype(float)
draw = stats.bootstrap((100 * (right - other),), np.mean, n_resamples=200000, method="percentile", random_state=1)
welch = stats.ttest_ind(values, three, equal_var=False)
interval = welch.confidence_interval(0.95)
# Two encoders by seed.
pairs = [[86.91, 84.32], [86.2, 84.9], [87.33, 84.11], [86.4, 85.02]]
paired = stats.ttest_rel(*zip(*pairs))
paired_interval = paired.confidence_interval(0.95)
fixed = stats.ttest_1samp([one for one, _ in pairs], 84.5)


def tost(margin):
    low = stats.ttest_ind(np.array(values) + margin, three, equal_var=False, alternative="greater").pvalue
    high = stats.ttest_ind(np.array(values) - margin, three, equal_var=False, alternative="less").pvalue
    return float(max(low, high))


# Scores that a run gave to images of three classes: whole numbers, so that many are equal.
images, classes = 400, 3
image, label = np.meshgrid(np.arange(images), np.arange(classes), indexing="ij")
marks = (image * 7919 + label * 613) % 1000
presence = np.where(marks < 150, 1, np.where(marks < 200, -1, 0))
scores = (image * 6101 + label * 389 + 13) % 50 + 20 * (presence == 1)


def envelope(counts, of):
    counted = presence[:, of] != -1
    precision, recall, _ = precision_recall_curve(presence[counted, of], scores[counted, of], sample_weight=counts[counted])
    highest = np.maximum.accumulate(precision[:-1])
    return float(np.sum(-np.diff(recall) * highest))


def mean_average_precision(counts):
    return 100 * float(np.mean([envelope(counts, of) for of in range(classes)]))


random = np.random.default_rng(1)
draws = [mean_average_precision(np.bincount(random.integers(images, size=images), minlength=images)) for _ in range(5000)]

print(json.dumps({
    "logGamma": [[x, float(special.gammaln(x))] for x in (0.5, 1, 2.5, 10, 171.3, 5000.5)],
    "incompleteBeta": [[a, b, x, float(special.betainc(a, b, x))] for a, b, x in ((0.5, 0.5, 0.3), (2, 3, 0.5), (10, 1, 0.9), (50.5, 0.5, 0.98), (5000, 4800, 0.51))],
    "student": [[p, df, float(stats.t.ppf(p, df))] for p in (0.6, 0.95, 0.975, 0.995, 0.025) for df in (1, 2, 2.7, 4, 9, 99, 10000)],
    "normal": [[p, float(stats.norm.ppf(p))] for p in (0.5001, 0.75, 0.95, 0.975, 0.9995, 0.999999, 0.1)],
    "wilson": [[k, n, c, *(100 * float(x) for x in proportion_confint(k, n, 1 - c, method="wilson"))] for k, n in ((0, 10), (10, 10), (7, 10), (8357, 10000), (36600, 50000)) for c in (0.9, 0.95)],
    "seedInterval": {"values": values, "interval": [float(x) for x in stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))]},
    "signTest": [[b, c, float(stats.binomtest(min(b, c), b + c).pvalue)] for b, c in ((3, 9), (120, 80), (0, 6), (15, 15), (900, 812), (1, 2), (3, 0))],
    "pairedT": {"pairs": pairs, "pValue": float(paired.pvalue), "interval": [float(paired_interval.low), float(paired_interval.high)]},
    "oneSample": {"values": [one for one, _ in pairs], "fixed": 84.5, "pValue": float(fixed.pvalue)},
    "welch": {"first": values, "second": three, "df": float(welch.df), "pValue": float(welch.pvalue), "interval": [float(interval.low), float(interval.high)]},
    "tost": [[margin, tost(margin)] for margin in (0.2, 0.5, 1.0)],
    "holm": {"raw": [0.01, 0.04, 0.03, 0.005, 0.5], "adjusted": [float(x) for x in multipletests([0.01, 0.04, 0.03, 0.005, 0.5], method="holm")[1]]},
    # One-sided, against at most 1 point: the share of a bootstrap's means up to it.
    "pairedBootstrap": {"images": 2000, "limit": 1, "above": float(np.mean(draw.bootstrap_distribution <= 1)), "mean": float(np.mean(100 * (right - other))), "interval": [float(draw.confidence_interval.low), float(draw.confidence_interval.high)]},
    "averagePrecision": {"images": images, "classes": classes, "mean": mean_average_precision(np.ones(images)), "interval": [float(x) for x in np.percentile(draws, (2.5, 97.5))]},
}, indent=1))
