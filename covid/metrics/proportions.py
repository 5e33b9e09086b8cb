"""The confusion matrix at one threshold, its proportions, Wilson's interval, Fisher's test."""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

Z_95 = NormalDist().inv_cdf(0.975)  # 97.5 % point of the normal distribution: a 95 % interval
Interval = tuple[float | None, float | None]  # both ends, or neither
NOTHING: Interval = (None, None)  # where an interval is undefined


class Counts(NamedTuple):
    """The four cells of the confusion matrix: floats, or arrays of one shape."""

    true_negative: np.ndarray
    false_positive: np.ndarray
    false_negative: np.ndarray
    true_positive: np.ndarray


def count(labels: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> Counts:
    """The confusion matrix of labels and predictions, (n,) arrays of 0 and 1."""
    weights = np.ones(len(labels)) if weights is None else weights
    label, guess = np.asarray(labels) == 1, np.asarray(predicted) == 1
    cells = (~label & ~guess, ~label & guess, label & ~guess, label & guess)
    return Counts(*(weights @ cell.astype(float) for cell in cells))  # (..., n) @ (n,) -> (...)


def ratio(part, whole) -> np.ndarray:
    """part / whole, elementwise; nan where the whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)


def sensitivity(counts: Counts) -> np.ndarray:
    """Share of the positive images classified as positive: TP / (TP + FN); also called recall."""
    return ratio(counts.true_positive, counts.true_positive + counts.false_negative)


def specificity(counts: Counts) -> np.ndarray:
    """Share of the negative images classified as negative: TN / (TN + FP)."""
    return ratio(counts.true_negative, counts.true_negative + counts.false_positive)


def accuracy(counts: Counts) -> np.ndarray:
    """Share of all images classified correctly: (TP + TN) / n."""
    return ratio(counts.true_positive + counts.true_negative, sum(counts))


def balanced_accuracy(counts: Counts) -> np.ndarray:
    """(sensitivity + specificity) / 2: a constant prediction gives 1/2 at any prevalence."""
    return (sensitivity(counts) + specificity(counts)) / 2


def f1_score(counts: Counts) -> np.ndarray:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    nan only where no image is positive and none is classified as positive.
    """
    twice = 2 * counts.true_positive
    return ratio(twice, twice + counts.false_positive + counts.false_negative)


def wilson_interval(successes: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Confidence interval of a proportion, by default of 95 %.

    (p + z**2 / 2n  -+  z * sqrt(p (1 - p) / n + z**2 / 4n**2)) / (1 + z**2 / n), p = successes / n

    It treats the n images as independent. Slices of one patient are not, so that the truth
    is less certain than the interval says.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    `successes` lies in [0, n], both ends in [0, 1]; `z` is the normal quantile of the confidence.
    ValueError if n is 0.
    """
    if n == 0:
        raise ValueError("wilson_interval: expected at least one trial, got n = 0")
    p = successes / n
    center = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula gives exactly 0 and 1, but for rounding.
    low = 0.0 if successes == 0 else (center - spread) / scale
    high = 1.0 if successes == n else (center + spread) / scale
    return low, high


def fisher_exact(successes: tuple[int, int], totals: tuple[int, int]) -> float:
    """Two-sided p value of Fisher's exact test: do two proportions differ by more than chance?

    Of N = n1 + n2 trials, K succeeded. If success has nothing to do with the sample, the number in
    the first sample is hypergeometric::

        P(k) = C(n1, k) C(n2, K - k) / C(N, K)

    p is the sum of all P(k) that are not larger than that of the k that was found.

    Source: Fisher 1935, "The logic of inductive inference".

    `successes` are k and K - k, `totals` n1 and n2; each success lies in [0, its total].
    """
    (first, second), found = totals, sum(successes)
    factorials = log_factorials(first + second)

    def ways(n: int, k: np.ndarray) -> np.ndarray:
        """Logarithm of the binomial coefficients C(n, k)."""
        return factorials[n] - factorials[k] - factorials[n - k]

    k = np.arange(max(0, found - second), min(found, first) + 1)
    logs = ways(first, k) + ways(second, found - k) - ways(first + second, np.array(found))
    highest = logs[successes[0] - k[0]] + 1e-7  # equal ones differ by rounding
    return min(1.0, float(np.exp(logs[logs <= highest]).sum()))


@lru_cache(maxsize=4)
def log_factorials(n: int) -> np.ndarray:
    """Logarithms of 0! to n!, (n + 1,) float64."""
    return np.array([math.lgamma(k + 1) for k in range(n + 1)])
