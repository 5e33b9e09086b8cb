"""`class_weight` of `fit`: how much a sample of each class counts in the loss, as in Keras."""

import math
from numbers import Integral, Real

import numpy as np


def check_class_weight(class_weight, outputs: int) -> None:
    """ValueError unless this is None, or weights >= 0 by class number for a model of one output."""
    if class_weight is None:
        return
    fits = isinstance(class_weight, dict) and all(
        isinstance(number, Integral) and isinstance(weight, Real) and 0 <= weight < math.inf
        for number, weight in class_weight.items()
    )
    if not fits:
        raise ValueError(
            "class_weight: expected a dict of class numbers and weights >= 0, such as "
            f"{{0: 0.6, 1: 2.5}}, got {class_weight!r}"
        )
    if outputs != 1:
        raise ValueError(f"class_weight: expected a model with one output, this has {outputs}")


def sample_weights(y: np.ndarray, class_weight: dict[int, float]) -> np.ndarray:
    """The weight of each sample's class; 1 for a class that is not in the dict.

    The class is the label rounded, of several units the one with the largest label.

    Parameters
    ----------
    y : float array (samples, units)
    class_weight : dict of int to float

    Returns
    -------
    weights : array (samples, 1), dtype of `y`
    """
    if y.ndim != 2:
        raise ValueError(f"class_weight: expected an output (samples, units), got {y.shape}")
    classes = np.round(y[:, 0]) if y.shape[1] == 1 else y.argmax(axis=1)
    weights = [class_weight.get(int(number), 1.0) for number in classes]
    return np.array(weights, y.dtype)[:, None]
