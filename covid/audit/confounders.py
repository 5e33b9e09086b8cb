"""Confounders: scalar measures of an image that separate the classes without the lungs.

Rated by the AUC: the probability that an image of one class has the larger value than an image of
the other class, 0.5 at chance and 1 for perfect separation. Images of one group (a patient, or
look-alikes) are not independent, so every group counts once, with the mean of its images.

The rule for `flagged`: the lower end of the 95 % interval of the AUC lies above 0.75. That takes
a strong difference and enough groups to be sure of it: eight in each class at the least, even if
all of one class lie above all of the other. The disease itself changes such measures far less, as
denser lungs change the mean. Format, mode and size are the exception: where all images of
one class have the same and all of the other class another one, that is no accident, however few
groups there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from covid.audit.fingerprints import Fingerprints
from covid.audit.measures import MEASURES
from covid.metrics import roc_auc
from covid.metrics.proportions import Z_95

BAR = 0.75  # the lower end of the interval must lie above it
IN_THE_HEADER = ("format", "mode", "width", "height")  # the same in all files of one maker
HALVINGS = 50  # of the interval in which an end is searched


@dataclass(frozen=True)
class Confounder:
    """How well one measure separates the classes."""

    name: str
    title: str  # a description
    auc: float  # in [0.5, 1]: 1 - AUC where the negative class has the larger values
    low: float  # 95 % interval of `auc`
    high: float
    larger_in_positive: bool  # which class has the larger values
    positive_mean: float  # means of the groups' means
    negative_mean: float
    units: tuple[int, int]  # groups with images of the negative and of the positive class
    flagged: bool
    found: str = ""  # of a value that only one class has: its sentence, see `file_values`

    def summary(self) -> dict:
        """As it stands in audit.json."""
        return asdict(self)


def find_confounders(prints: Fingerprints, groups: np.ndarray) -> list[Confounder]:
    """Rate all measures; the strongest first. Empty where a class has no readable image.

    `groups`, (images,) int64, has the code of each image's group.
    """
    labels = prints.labels
    if len(set(labels.tolist())) < 2:
        return []
    rated = [
        rate_category("format", "file format", prints.formats, labels, groups),
        rate_category("mode", "pixel mode", prints.modes, labels, groups),
    ]
    for column, (name, title) in enumerate(MEASURES.items()):
        rated.append(rate(name, title, prints.measures[:, column], labels, groups))
    return strongest_first(rated)


def strongest_first(confounders: list[Confounder]) -> list[Confounder]:
    """The flagged ones first, then by their AUC."""
    return sorted(confounders, key=lambda one: (not one.flagged, -one.auc, one.name))


def rate(
    name: str, title: str, values: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> Confounder:
    """The AUC of one measure, (images,), and its interval."""
    negative = group_means(values[labels == 0], groups[labels == 0])
    positive = group_means(values[labels == 1], groups[labels == 1])
    classes = np.repeat([0, 1], [len(negative), len(positive)])
    area = float(roc_auc(classes, np.concatenate([negative, positive])))
    strength = max(area, 1 - area)
    low, high = auc_interval(strength, len(negative), len(positive))
    one_each = name in IN_THE_HEADER and is_one_each(values, labels)
    means, units = (float(positive.mean()), float(negative.mean())), (len(negative), len(positive))
    flagged = bool(low > BAR or one_each)
    return Confounder(name, title, strength, low, high, area >= 0.5, *means, units, flagged)


def rate_category(
    name: str, title: str, values: Sequence[str], labels: np.ndarray, groups: np.ndarray
) -> Confounder:
    """Rate a category, such as the file format, by the indicator "1 if it is X, else 0".

    Of all X the one with the largest AUC counts; the title names it. For two formats both have the
    same AUC.
    """
    found = np.array(values, object)
    ratings = [
        rate(name, f"{title}: {value} or not", (found == value).astype(float), labels, groups)
        for value in sorted(set(values))
    ]
    return max(ratings, key=lambda rating: rating.auc)


def is_one_each(values: np.ndarray, labels: np.ndarray) -> bool:
    """Whether each class, of at least two images, has a single value, and the two differ."""
    of_class = [np.unique(values[labels == label]) for label in (0, 1)]
    enough = min(np.bincount(labels, minlength=2)) > 1
    single = all(len(found) == 1 for found in of_class)
    return bool(enough and single and of_class[0][0] != of_class[1][0])


def group_means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The mean value of each group, (groups,), in the order of the groups' codes."""
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return np.bincount(index, weights=values.astype(np.float64)) / sizes


def auc_interval(area: float, negatives: int, positives: int) -> tuple[float, float]:
    """95 % interval of an AUC, valid at 1 and for small samples too.

    R. G. Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic, part 2", Statistics in Medicine 25, 2006, method 5: the ends are the areas A with
    ``|area - A| = z sqrt(V(A))``, as in Wilson's interval of a proportion, where V is Hanley and
    McNeil's variance with both class sizes at their mean in its bracket. `area` is in [0, 1], the
    integers count the independent samples in each class.
    """
    mean_size = (negatives + positives) / 2 - 1

    def variance(middle: float) -> float:
        bracket = 1 + mean_size * ((1 - middle) / (2 - middle) + middle / (1 + middle))
        return middle * (1 - middle) * bracket / (negatives * positives)

    def end(outside: float) -> float:
        # `area` itself satisfies |area - A| <= z sqrt(V); the end of the scale does not, unless
        # it is the end of the interval.
        inside = area
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            if abs(area - middle) <= Z_95 * math.sqrt(variance(middle)):
                inside = middle
            else:
                outside = middle
        return inside

    return end(0.0), end(1.0)
