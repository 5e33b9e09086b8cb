"""Numbers as text, and what each measure means to somebody who has never met it."""

from covid.page.run_data import Measure
from covid.page.values import number

DASH = "–"

# name in summary.json: (title, what it means, what guessing gives)
MEASURES = {
    "accuracy": (
        "Accuracy",
        "the share of all images that were named correctly",
        "the share of the larger class",
    ),
    "balanced_accuracy": (
        "Balanced accuracy",
        "the mean of sensitivity and specificity: a class with few images counts as much as one "
        "with many",
        "0.5",
    ),
    "sensitivity": (
        "Sensitivity",
        "of the images of the positive class, the share that was found",
        DASH,
    ),
    "specificity": (
        "Specificity",
        "of the images of the other class, the share that was not taken for positive",
        DASH,
    ),
    "ppv": (
        "Positive predictive value",
        "of the images called positive, the share that is; it depends on how frequent the class is",
        "the prevalence",
    ),
    "npv": (
        "Negative predictive value",
        "of the images called negative, the share that is; it depends on how frequent the class is",
        "1 minus the prevalence",
    ),
    "f1": (
        "F1",
        "one number for sensitivity and positive predictive value: their harmonic mean",
        DASH,
    ),
    "roc_auc": (
        "Area under the ROC curve",
        "how often a positive image gets a higher probability than a negative one, at any "
        "threshold",
        "0.5",
    ),
    "pr_auc": (
        "Area under the precision-recall curve",
        "the share of right ones among the images called positive, averaged over all sensitivities",
        "the share of positive images",
    ),
    "brier": (
        "Brier score",
        "the mean squared distance between probability and truth; 0 is perfect, lower is better",
        "0.25 for always 0.5",
    ),
    "ece": (
        "Expected calibration error",
        "how far stated probabilities are from observed shares; 0 is perfect, lower is better",
        DASH,
    ),
}
NO_VALUE = {
    "ppv": "no image was called positive",
    "npv": "no image was called negative",
    "sensitivity": "there is no positive image",
    "specificity": "there is no negative image",
    "roc_auc": "needs images of both classes",
    "pr_auc": "needs images of both classes",
    "balanced_accuracy": "needs images of both classes",
    "f1": "needs a positive image, or one called so",
}
GLOSSARY = {
    "95 % interval": "if the study were repeated with other images of the same kind, about 95 of "
    "100 such intervals would hold the true value; a wide one says that there was little to go by",
    "by group": "the interval that counts patients (or groups of look-alikes, where patients are "
    "not known), not slices: slices of one patient are nearly the same evidence twice, so it is "
    "the more honest one where it is given",
    "Look-alikes": "images so alike that the audit takes them for slices of one patient; a guess "
    "from the pictures alone, used where nobody said which slices belong together",
    "Chance": "what always naming the more frequent class scores",
    "Threshold": "the probability above which an image is called positive",
    "Prevalence": "the share of ill people among those tested for which the predictive values are "
    "computed; an example, not the share of positive images in this collection",
    "Near-duplicates": "images that are almost the same picture, such as neighbouring slices",
    "Leak": "an image in the test part that is known from training, by a near-duplicate or "
    "another slice of the same patient; the test then measures memory",
    "Confounder": "something about the image, not the lungs, that goes with the class, such as "
    "its size or brightness",
    "Shortcut": "a confounder that a model can use instead of what it should learn",
    "Control": "a training that ought to fail; where it succeeds, the score is not worth much",
}


def fixed(value, digits: int = 3) -> str:
    """0.998, or a dash where there is no number."""
    value = number(value)
    return DASH if value is None else f"{value:.{digits}f}"


def count(value) -> str:
    """1,051, or a dash where there is no number."""
    value = number(value)
    return DASH if value is None else f"{int(value):,}"


def percent(value) -> str:
    """95 %, or a dash; neither 0 % nor 100 % unless it is."""
    value = number(value)
    if value is None:
        return DASH
    if 0 < value < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < value < 1 else f"{100 * value:.0f} %"


def between(low, high, digits: int = 3) -> str | None:
    """0.989 to 1.000, or None where an end is missing."""
    if number(low) is None or number(high) is None:
        return None
    return f"{fixed(low, digits)} to {fixed(high, digits)}"


def in_words(measure: Measure) -> str:
    """0.998 (95 % interval 0.989 to 1.000)."""
    ends = between(*measure.widest)
    return fixed(measure.value) + (f" (95 % interval {ends})" if ends else "")


def span(values: list[float]) -> str:
    """0.998, or 0.990 to 0.998 for several."""
    low, high = fixed(min(values)), fixed(max(values))
    return low if low == high else f"{low} to {high}"


def amount(value, one: str, many: str | None = None) -> str:
    """1 image, 12 images."""
    known = number(value)
    return f"{count(value)} {one if known == 1 else many or one + 's'}"


def listed(names: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
