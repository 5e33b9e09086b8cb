"""What all metrics share: sums over samples, and the value that follows from the sums.

The value of an epoch follows from the sums of its batches added up, not from the values of the
batches: of batches of unequal size, and of an AUC, their mean is not the value of all samples.
"""

import re
from collections.abc import Callable

import numpy as np

from minicnn.arguments import refuse_methods, refuse_unsupported, snake_case
from minicnn.numeric_checks import as_numbers
from minicnn.reprs import OneLine, settings_texts, titled


class Metric(OneLine):
    """Base of all metrics. A subclass writes `sums` and `value`, and says the `shape` of the sums.

    Training keeps the sums itself: one metric may serve several models. `update_state`, `result`
    and `reset_state` are Keras' way to use a metric by itself.

    Parameters
    ----------
    name : str, optional
        Under which it is reported; the name of the class in snake case when missing.
    dtype : None
        Keras' argument; sums are float64 here.

    Attributes
    ----------
    shape : tuple of int
        Of the sums.
    better : int or None
        1 where larger values are better, -1 where smaller ones are, None where that is not known.
    arguments : tuple of str
        The constructor's, for `get_config`.
    """

    shape: tuple[int, ...] = (2,)
    better: int | None = None
    arguments: tuple[str, ...] = ("name",)

    def __init__(self, name: str | None = None, dtype=None):
        owner = type(self).__name__
        refuse_unsupported(owner, {"dtype": (dtype, None, "float32")})
        self.name = snake_case(owner) if name is None else name
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable():
            raise ValueError(f"{owner}: expected name to be a printable text, got {name!r}")
        self.reset_state()

    def __init_subclass__(cls) -> None:
        """TypeError for a subclass whose values training would not see: it keeps the sums itself."""
        refuse_methods(
            cls, ("update_state", "result", "reset_state"), "override sums and value instead"
        )

    def sums(self, y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None) -> np.ndarray:
        """What a batch adds, float64 array of `shape`.

        Parameters
        ----------
        y, p : float arrays (samples, ...) of one shape
            Labels and predictions.
        w : float array (samples,), optional
            How much each sample counts; 1 when missing.
        """
        raise NotImplementedError

    def value(self, sums: np.ndarray) -> float:
        """The metric of all samples that the sums are of."""
        raise NotImplementedError

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Add a batch; ValueError unless labels, predictions and weights fit together."""
        p = np.atleast_1d(as_numbers(y_pred, f"{self.name}: y_pred"))
        y, w = as_numbers(y_true, f"{self.name}: y_true"), sample_weight
        if w is not None:
            w = as_numbers(w, f"{self.name}: sample_weight").astype(float).reshape(-1)
        if y.size != p.size or (w is not None and len(w) != len(p)):
            raise ValueError(
                f"{self.name}: expected a label for each prediction and a weight for each sample, "
                f"got predictions {p.shape}, labels {y.shape} and weights {np.shape(w)}"
            )
        self.total = self.total + self.sums(y.reshape(p.shape), p, w)

    def result(self) -> float:
        """The metric of all batches since the last `reset_state`."""
        return self.value(self.total)

    def reset_state(self) -> None:
        """Forget all batches."""
        self.total = np.zeros(self.shape)

    def get_config(self) -> dict:
        """The constructor's arguments, under Keras' names."""
        return {argument: getattr(self, argument) for argument in self.arguments}

    @classmethod
    def from_config(cls, config: dict) -> "Metric":
        """The metric of that `get_config`, before its first batch."""
        return cls(**config)

    def one_line(self) -> str:
        settings = {key: value for key, value in self.get_config().items() if key != "name"}
        return titled(f"{type(self).__name__} {self.name}", settings_texts(type(self), settings))


class MeanOverSamples(Metric):
    """The mean over all samples of something that each of them has: `values`.

    sum of w v / sum of w. Of an array (samples, units) v is the mean over the units. A single
    number for the whole batch counts once, as in Keras, however many samples the batch has.
    """

    def values(self, y: np.ndarray, p: np.ndarray):
        """Array (samples,) or (samples, ...), or a number for all of them."""
        raise NotImplementedError

    def sums(self, y, p, w=None):
        values = as_numbers(self.values(y, p), f"{self.name}: result")
        if values.ndim == 0 and w is None:
            return np.array([values, 1.0], float)
        if values.shape[:1] != (len(y),):
            raise ValueError(
                f"{self.name}: expected a value for each of {len(y)} samples, got an array of "
                f"shape {values.shape}"
            )
        if w is None:
            return np.array([np.mean(values, dtype=float) * len(y), len(y)])
        return np.array([w @ values.reshape(len(y), -1).mean(axis=1, dtype=float), w.sum()])

    def value(self, sums):
        total, count = sums
        return float(total / count) if count else 0.0


class FunctionMetric(MeanOverSamples):
    """The mean of what a function says of each sample.

    Parameters
    ----------
    fn : function (y_true, y_pred) -> array (samples, ...), or a number
    name : str, optional
        The function's when missing.
    """

    def __init__(self, fn: Callable, name: str | None = None):
        self.fn = fn
        super().__init__(function_name(fn) if name is None else name)

    def values(self, y, p):
        return self.fn(y, p)


def function_name(function: Callable) -> str:
    """Keras' name for a function or callable object: its own in snake case, or that of its class."""
    if hasattr(function, "name"):
        return function.name
    name = getattr(function, "__name__", type(function).__name__)
    return snake_case(re.sub(r"\W", "", name))  # <lambda> becomes lambda


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, and 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.not_equal(whole, 0))
