"""How much each sample counts in the loss: `sample_weight`, and `class_weight` by its class."""

import math
from numbers import Real

import numpy as np

from minicnn.arguments import shape_text
from minicnn.numeric_checks import BadSample, as_numbers


def check_class_weight(class_weight, outputs: int, sample_weight=None) -> None:
    """ValueError unless this is None, or weights >= 0 by class number for a model of one output."""
    if class_weight is None:
        return
    fits = isinstance(class_weight, dict) and all(
        isinstance(number, Real)
        and number == number // 1  # 1.0 is class 1, too
        and isinstance(weight, Real)
        and 0 <= weight < math.inf
        for number, weight in class_weight.items()
    )
    if not fits:
        raise ValueError(
            "class_weight: expected a dict of class numbers and weights >= 0, such as "
            f"{{0: 0.6, 1: 2.5}}, got {class_weight!r}"
        )
    if outputs != 1:
        raise ValueError(f"class_weight: expected a model with one output, this has {outputs}")
    if sample_weight is not None:
        raise ValueError(
            "class_weight: expected no sample_weight beside it, got both; multiply the samples' "
            "weights by those of their classes"
        )


def sorted_weights(class_weight: dict | None) -> list | None:
    """A `class_weight` as JSON can hold it: pairs of numbers, in the order of the classes."""
    if class_weight is None:
        return None
    return sorted([int(number), float(weight)] for number, weight in class_weight.items())


def weights_of_classes(y: np.ndarray, class_weight: dict[int, float]) -> np.ndarray:
    """The weight of each sample's class; 1 for a class that is not in the dict.

    The class is the label rounded, of several units the one with the largest label.

    Parameters
    ----------
    y : float array (samples, units)
    class_weight : dict of int to float

    Returns
    -------
    weights : float64 array (samples,)
    """
    if y.ndim != 2:
        raise ValueError(f"class_weight: expected an output (samples, units), got {y.shape}")
    classes = np.round(y[:, 0]) if y.shape[1] == 1 else y.argmax(axis=1)
    return np.array([class_weight.get(int(number), 1.0) for number in classes], float)


def checked_weights(weights, samples: int, what: str = "sample_weight") -> np.ndarray:
    """One weight for each sample, float64 array (samples,); ValueError where they misfit."""
    array = as_numbers(weights, what)
    if array.shape not in ((samples,), (samples, 1)):
        raise ValueError(
            f"{what}: expected one weight for each sample, an array of shape ({samples},), got "
            f"{shape_text(array.shape)}"
        )
    array = array.reshape(samples).astype(float)
    fits = (array >= 0) & (array < math.inf)
    if not fits.all():
        first = int(np.argmin(fits))
        raise BadSample(
            f"{what}: expected finite weights >= 0, got {array[first]:g} for sample {first}", first
        )
    return array
