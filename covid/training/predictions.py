"""The predictions of a trained model for some images, and their measures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from covid.common.choices import DEFAULT_PREVALENCE
from covid.common.errors import UserError, shown
from covid.common.output_files import write_csv
from covid.metrics import interval_remark, measure
from minicnn.metrics import THRESHOLD
from minicnn.models import Model
from minicnn.training import loop


@dataclass(frozen=True)
class Result:
    """A model's predictions for one part of a split.

    UserError if a probability is nan or infinite.
    """

    part: str  # "train", "validate" or "test"
    loss: float  # mean binary cross-entropy
    files: list[str]  # names of the image files, in the order of the arrays
    labels: np.ndarray  # (n,) int, 1 for the positive class
    probabilities: np.ndarray  # (n,) float, of the positive class
    groups: list[str] | None = None  # of each image, usually its patient; None: not known
    # An image is called positive where its probability is above; chosen on the validation set.
    threshold: float = THRESHOLD

    def __post_init__(self):
        odd = np.flatnonzero(~np.isfinite(self.probabilities))
        if odd.size:
            raise UserError(
                f"{shown(self.files[odd[0]])}: expected a probability, the model's answer is "
                f"{self.probabilities[odd[0]]} (as for {odd.size} of {self.n} images); take another "
                "model"
            )

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def predicted(self) -> np.ndarray:
        """(n,) int array: 1 where the probability is above the threshold."""
        # float32 would round the threshold, perhaps onto the score above it.
        return (self.probabilities.astype(float) > self.threshold).astype(int)

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

    @property
    def one_answer(self) -> int | None:
        """The class that all images are called although there are both; None where it is not so."""
        called = set(self.predicted.tolist())
        return called.pop() if len(called) == 1 and len(set(self.labels.tolist())) == 2 else None

    def summary(
        self, classes: tuple[str, str], prevalence: float = DEFAULT_PREVALENCE, seed: int = 0
    ) -> dict:
        """The values that go into summary.json, all at the one threshold.

        "answers_one_class" is the name of the class that all images are called, or None; "remark"
        says what a reader of the intervals must know, and may be empty. `classes` are (negative,
        positive); `prevalence`, in (0, 1), is for the predictive values, `seed` for the bootstrap.
        """
        answer = self.one_answer
        return {
            "loss": self.loss,
            "acc": self.accuracy,
            "n": self.n,
            "threshold": self.threshold,
            "confusion": self.confusion.tolist(),
            "answers_one_class": None if answer is None else classes[answer],
            "prevalence": prevalence,
            "measures": measure(
                self.labels, self.probabilities, self.threshold, self.groups, prevalence, seed
            ),
            "remark": interval_remark(self.labels, self.groups),
        }


def evaluate(
    model: Model,
    iterator,
    part: str,
    groups: dict[str, str] | None = None,
    threshold: float = THRESHOLD,
) -> Result:
    """Run a model over all images of an iterator that keeps its order.

    Parameters
    ----------
    model : Model
        Compiled; its output is the probability of the positive class.
    iterator : DirectoryIterator
        With shuffle=False and class_mode="binary".
    part : str
    groups : dict, optional
        File name, as the iterator has it -> group.
    threshold : float
        See `Result`.
    """
    outputs: list[np.ndarray] = []
    logs = loop.evaluate(model, iterator, outputs=outputs)
    probabilities = np.concatenate(outputs)[:, 0]  # (batches, batch, 1) -> (n, 1) -> (n,)
    labels = np.asarray(iterator.classes, dtype=int)
    files = list(iterator.filenames)
    known = None if groups is None else [groups[name] for name in files]
    return Result(part, logs["loss"], files, labels, probabilities, known, threshold)


def write_predictions(results: Sequence[Result], classes: tuple[str, str], path: Path) -> Path:
    """Write one line for every image, at `path`, a .csv file; `classes` are (negative, positive).

    Part, file, true class, predicted class (the positive one where the probability is above the
    threshold), probability, threshold, whether the prediction is correct, group (empty where it is
    not known).
    """
    rows = []
    for result in results:
        answers = result.predicted, result.probabilities, result.groups or [""] * result.n
        for name, label, guess, p, group in zip(result.files, result.labels, *answers, strict=True):
            row = [result.part, name, classes[label], classes[guess], f"{p:.6f}"]
            rows.append([*row, f"{result.threshold:.6f}", int(label == guess), group])
    columns = ["part", "file", "true", "predicted", f"p({classes[1]})", "threshold", "correct"]
    write_csv(path, [*columns, "group"], rows)
    return path
