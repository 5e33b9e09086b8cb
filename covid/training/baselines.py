"""What needs no network: the larger class, the mean brightness, the gray histogram.

A model that is no better has shown nothing. All three see the images as the model gets them; they
are fitted to the training part, their thresholds are chosen on the validation part.
"""

import numpy as np

from covid.common.parallel import in_parallel
from covid.data.images import read_gray
from covid.data.split_folder import SplitFolder, groups_in
from covid.metrics import NOT_CHOSEN, threshold_choice
from covid.training.logistic import fit_logistic
from covid.training.predictions import Result
from minicnn.losses import BinaryCrossentropy
from minicnn.preprocessing.resizing import resize

BINS = 32  # of the histogram; 8 gray levels each


def baselines(split: SplitFolder, size: int) -> dict[str, tuple[Result, dict]]:
    """By name: the result of each baseline in the test, and its threshold as `threshold_choice`.

    Parameters
    ----------
    split : SplitFolder
    size : int
        Pixels; the image size of the model that they are compared with.
    """
    listed = [(part, *pair) for part, pairs in split.parts.items() for pair in pairs]
    parts = np.array([part for part, _, _ in listed])
    labels = np.array([label for _, _, label in listed])

    def look(one: tuple) -> tuple[np.ndarray, float]:
        image = resize(read_gray(one[1]), (size, size), "nearest")
        return histogram(image), image.mean()

    looked = in_parallel(look, listed, "baselines", "image", progress=False)
    histograms, brightness = (np.array(column) for column in zip(*looked, strict=True))
    share = labels[parts == "train"].mean()  # of the positive class
    answers = {
        "majority class": (np.full(len(labels), share), NOT_CHOSEN),
        "mean brightness": by_logistic(brightness[:, None], labels, parts),
        "gray histogram": by_logistic(histograms, labels, parts),
    }
    test, names = parts == "test", groups_in(split, "test")
    files = [path.relative_to(split.folder / "test").as_posix() for path, _ in split.parts["test"]]
    groups = None if names is None else [names[file] for file in files]
    found = {}
    for name, (p, chosen) in answers.items():
        loss, _ = BinaryCrossentropy().from_probabilities(labels[test], p[test])
        answer = (files, labels[test], p[test], groups, chosen["value"])
        found[name] = Result("test", loss, *answer), chosen
    return found


def by_logistic(
    features: np.ndarray, labels: np.ndarray, parts: np.ndarray
) -> tuple[np.ndarray, dict]:
    """Probabilities of all images, (n,), by logistic regression, and the threshold.

    Features are (n, features) floats; `parts`, (n,), says which images are for training.
    """
    train, validate = parts == "train", parts == "validate"
    p = fit_logistic(features[train], labels[train]).probabilities(features)
    return p, threshold_choice(labels[validate], p[validate])


def histogram(image: np.ndarray, without: np.ndarray | None = None) -> np.ndarray:
    """The share of pixels in each of 32 ranges of gray levels: how bright, not where.

    Pixels of the mask `without` do not count. (32,) float64, with a sum of 1; all zeros if no pixel
    counts.
    """
    pixels = image.ravel() if without is None else image[~without]
    counts = np.bincount(pixels // (256 // BINS), minlength=BINS)
    return counts / max(1, counts.sum())
