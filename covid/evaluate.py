"""What a trained model is worth on some images: loss, accuracy with interval, confusion matrix."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minicnn import training
from minicnn.files import whole_file
from minicnn.metrics import THRESHOLD
from minicnn.models import Model

Z_95 = 1.959963984540054  # 97.5 % point of the normal distribution: a 95 % interval


@dataclass(frozen=True)
class Result:
    """A model's predictions for one part of a split.

    Attributes
    ----------
    part : str
        "train", "validate" or "test".
    loss : float
        Mean binary cross-entropy.
    files : list of str
        Names of the image files, in the order of the arrays.
    labels : (n,) int array
        1 for the positive class.
    probabilities : (n,) float array
        Of the positive class.
    """

    part: str
    loss: float
    files: list[str]
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def predicted(self) -> np.ndarray:
        """(n,) int array: 1 where the probability is above 0.5."""
        return (self.probabilities > THRESHOLD).astype(int)

    @property
    def correct(self) -> int:
        return int(np.sum(self.predicted == self.labels))

    @property
    def accuracy(self) -> float:
        return self.correct / self.n

    @property
    def confusion(self) -> np.ndarray:
        """(2, 2) int array: rows the true class, columns the predicted; negative first."""
        counts = np.zeros((2, 2), dtype=int)
        np.add.at(counts, (self.labels, self.predicted), 1)
        return counts

    def summary(self) -> dict:
        """The numbers that go into summary.json."""
        low, high = wilson_interval(self.correct, self.n)
        return {
            "loss": self.loss,
            "acc": self.accuracy,
            "n": self.n,
            "acc_95_percent_interval": [low, high],
            "confusion": self.confusion.tolist(),
        }


def evaluate(model: Model, iterator, part: str) -> Result:
    """Run a model over all images of an iterator that keeps its order.

    Parameters
    ----------
    model : Model
        Compiled; its output is the probability of the positive class.
    iterator : DirectoryIterator
        With shuffle=False and class_mode="binary".
    part : str
    """
    outputs: list[np.ndarray] = []
    logs = training.evaluate(model, iterator, outputs=outputs)
    probabilities = np.concatenate(outputs)[:, 0]  # (batches, batch, 1) -> (n, 1) -> (n,)
    labels = np.asarray(iterator.classes, dtype=int)
    return Result(part, logs["loss"], list(iterator.filenames), labels, probabilities)


def wilson_interval(successes: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Confidence interval of a proportion, by default of 95 %.

    (p + z**2 / 2n  -+  z * sqrt(p (1 - p) / n + z**2 / 4n**2)) / (1 + z**2 / n), p = successes / n

    It treats the n images as independent. Slices of one patient are not, so that the truth
    is less certain than the interval says.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Parameters
    ----------
    successes, n : int
        successes in [0, n].
    z : float
        Normal quantile of the wanted confidence.

    Returns
    -------
    low, high : float in [0, 1]

    Raises
    ------
    ValueError
        If n is 0.
    """
    if n == 0:
        raise ValueError("wilson_interval: expected at least one trial, got n = 0")
    p = successes / n
    centre = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula gives exactly 0 and 1, but for rounding.
    low = 0.0 if successes == 0 else (centre - spread) / scale
    high = 1.0 if successes == n else (centre + spread) / scale
    return low, high


def write_predictions(results: list[Result], classes: tuple[str, str], path: Path) -> Path:
    """Write one line for every image: part, file, true class, prediction, probability.

    Parameters
    ----------
    results : list of Result
    classes : (negative, positive) class names
    path : Path
        A .csv file, replaced as a whole.
    """
    with (
        whole_file(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["part", "file", "true", "predicted", f"p({classes[1]})", "correct"])
        for result in results:
            rows = zip(
                result.files, result.labels, result.predicted, result.probabilities, strict=True
            )
            for name, label, guess, p in rows:
                row = [result.part, name, classes[label], classes[guess], f"{p:.6f}"]
                writer.writerow([*row, int(label == guess)])
    return path
