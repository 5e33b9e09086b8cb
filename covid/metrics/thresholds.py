"""The decision threshold, chosen on the validation set, never on the test set: it would overfit."""

import numpy as np

from covid.metrics.curves import steps
from minicnn.metrics import THRESHOLD

YOUDEN = "Youden's J, within one standard error"
ROUNDING = 1e-12  # of J: fractions that are equal may differ by that
NOT_CHOSEN = {"value": THRESHOLD, "chosen_on": None, "method": "none was chosen for this model"}


def choose_threshold(labels, probabilities) -> float | None:
    """A threshold with nearly the largest Youden's J = sensitivity + specificity - 1, near 0.5.

    Of few validation images the largest J is largely chance. So every threshold counts as equally
    good whose J is above 0 and at most one standard error below the largest (the largest error,
    if several have that J), and of these the one nearest to 0.5 is taken, of two equally near the
    lower one: rather a false alarm than a miss. Candidates lie between two neighboring scores, at
    0.5 where that lies there, else in the middle; an image is positive where its probability is
    above the threshold. None where no threshold is better than chance (J > 0), or a class has no
    image.

    Sources: Youden 1950, "Index for rating diagnostic tests", with the variance of J; Breiman et
    al. 1984, "Classification and regression trees", section 3.4.3: the rule of one standard error.
    """
    scores, true_positives, false_positives = steps(labels, probabilities)
    positives, negatives = true_positives[-1], false_positives[-1]
    if len(scores) < 2 or 0 in (positives, negatives):
        return None
    hits, false_alarms = true_positives[:-1] / positives, false_positives[:-1] / negatives
    gain = hits - false_alarms
    variance = hits * (1 - hits) / positives + false_alarms * (1 - false_alarms) / negatives
    highest = gain.max()
    if highest <= ROUNDING:
        return None
    error = np.sqrt(variance[gain >= highest - ROUNDING].max())
    good = (gain > ROUNDING) & (gain >= highest - error - ROUNDING)
    cuts = sorted(between(scores[i + 1], scores[i]) for i in np.flatnonzero(good))
    return min(cuts, key=lambda cut: abs(cut - THRESHOLD))  # the first of equal ones is the lower


def between(low: float, high: float) -> float:
    """A threshold between two scores: 0.5 if it lies there, else the middle.

    `low` where rounding would make `high` of the middle: `high` must stay above it.
    """
    if low <= THRESHOLD < high:
        return THRESHOLD
    middle = float((low + high) / 2)
    return middle if middle < high else float(low)


def threshold_choice(labels, probabilities) -> dict:
    """The threshold, where it comes from and by which rule: for summary.json and the model file.

    Where none can be chosen it is 0.5, "chosen_on" is None, and "method" says why.
    """
    value = choose_threshold(labels, probabilities)
    if value is not None:
        return {"value": value, "chosen_on": "validate", "method": YOUDEN}
    one_class = len(set(np.asarray(labels).tolist())) == 1
    why = "are of one class" if one_class else "are told apart by none"
    return {**NOT_CHOSEN, "method": f"none was chosen: the validation images {why}"}
