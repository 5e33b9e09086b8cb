"""The decision threshold, chosen on the validation set, never on the test set: it would overfit."""

import numpy as np

from covid.metrics.curves import steps
from minicnn.metrics import THRESHOLD

YOUDEN = "Youden's J"
NOT_CHOSEN = {"value": THRESHOLD, "chosen_on": None, "method": "none was chosen for this model"}


def choose_threshold(labels, probabilities) -> float | None:
    """The threshold with the largest Youden's J = sensitivity + specificity - 1.

    Candidates lie in the middle between two neighboring scores; an image is positive where its
    probability is above the threshold. Of several with the same J the one nearest to 0.5 is
    taken, of two equally near the lower one: rather a false alarm than a miss. None where no
    threshold is better than chance (J > 0), or a class has no image.

    Source: Youden 1950, "Index for rating diagnostic tests".
    """
    scores, true_positives, false_positives = steps(labels, probabilities)
    positives, negatives = true_positives[-1], false_positives[-1]
    # J times both counts is a whole number, so that equal ones are exactly equal.
    gain = (true_positives * negatives - false_positives * positives)[:-1]
    if gain.size == 0 or gain.max() <= 0:
        return None
    best = np.flatnonzero(gain == gain.max())
    cuts = sorted(between(scores[i + 1], scores[i]) for i in best)
    return min(cuts, key=lambda cut: abs(cut - THRESHOLD))  # the first of equal ones is the lower


def between(low: float, high: float) -> float:
    """The middle, or `low` where rounding would make `high` of it: `high` must stay above it."""
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
