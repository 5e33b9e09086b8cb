"""What `fit`, `evaluate` and `predict` are given becomes a feed of batches, checked."""

import numbers

import numpy as np

from minicnn.arguments import positive_int
from minicnn.numeric_checks import as_numbers, only_or_all, require_finite
from minicnn.training.batch_sources import (
    ArrayFeed,
    GeneratorFeed,
    IteratorFeed,
    SequenceFeed,
)
from minicnn.training.by_name import inputs_in_order, outputs_in_order
from minicnn.training.sample_weights import checked_weights


def as_feed(
    model, x, y, batch_size: int | None, shuffle: bool = False, of: str = "", sample_weight=None
):
    """Make a feed of whatever the user gave; TypeError or ValueError if it cannot be one.

    Arrays are checked for the model's dtype, and labels by its losses; dicts are taken by the names
    of its inputs and outputs. `of` comes before their names in messages: "validation ".
    """
    size = 32 if batch_size is None else positive_int(batch_size, "batch_size", f"{of}data")
    x = inputs_in_order(model, x, f"{of}x")
    if is_arrays(x, y):
        arrays, labels, weights = checked_arrays(model, x, y, sample_weight, of)
        return ArrayFeed(arrays, labels, size, shuffle, model.seed, weights)
    for given, name in ((y, "y"), (sample_weight, "sample_weight")):
        if given is not None:
            raise ValueError(
                f"expected {of}{name} only together with arrays: an iterator gives (x, y) or "
                "(x, y, sample_weight) itself"
            )
    if hasattr(x, "start_epoch"):
        return IteratorFeed(x, model.dtype)
    if hasattr(x, "__len__") and hasattr(x, "__getitem__"):
        if len(x) == 0:
            raise ValueError(f"expected at least one {of}batch, got none")
        return SequenceFeed(x, shuffle, model.seed, model.dtype)
    if hasattr(x, "__next__"):
        return GeneratorFeed(x, model.dtype)
    raise TypeError(
        f"expected {of}data as arrays, an iterator of batches, a sequence of batches or a "
        f"generator, got {type(x).__name__}"
    )


def checked_arrays(model, x, y, sample_weight, of: str) -> tuple[list, list | None, list | None]:
    """Arrays, labels and weights as lists of arrays, or None where none are given."""
    arrays = as_arrays(x, f"{of}x")
    labels = None if y is None else as_arrays(outputs_in_order(model, y, f"{of}y"), f"{of}y")
    lengths = {len(array) for array in arrays + (labels or [])}
    if len(lengths) != 1:
        raise ValueError(f"expected as many {of}labels as samples, got {sorted(lengths)}")
    if lengths == {0}:
        raise ValueError(f"expected at least one {of}sample, got none")
    for array, name in zip(arrays, names_of(arrays, f"{of}x"), strict=True):
        require_finite(array, name, model.dtype)
    check_labels(model, labels or [], f"{of}y")
    if sample_weight is None:
        return arrays, labels, None
    what = f"{of}sample_weight"
    weights = as_arrays(outputs_in_order(model, sample_weight, what), what)
    names = names_of(weights, what)
    checked = [
        checked_weights(one, len(arrays[0]), name) for one, name in zip(weights, names, strict=True)
    ]
    return arrays, labels, checked


def is_arrays(x, y) -> bool:
    """Whether `x` is an array or a list of arrays rather than a source of batches."""
    if hasattr(x, "shape") or (y is not None and isinstance(x, (list, tuple))):
        return True
    if isinstance(x, list) and x and isinstance(x[0], (list, int, float)):
        return True  # nested lists of numbers
    return isinstance(x, list) and len(x) > 0 and all(hasattr(item, "shape") for item in x)


def as_arrays(value, what: str) -> list[np.ndarray]:
    """A list of arrays from one array, a list of arrays, or nested lists of numbers."""
    # The numbers of list(array) have a shape, too: ().
    several = isinstance(value, (list, tuple)) and len(value) and getattr(value[0], "shape", ())
    given = list(value) if several else [value]
    arrays = [as_numbers(one, name) for one, name in zip(given, names_of(given, what), strict=True)]
    for array, name in zip(arrays, names_of(arrays, what), strict=True):
        if array.ndim == 0:
            raise ValueError(f"{name}: expected an array of samples, got the number {array}")
    return arrays


def check_labels(model, labels: list[np.ndarray], what: str) -> None:
    """ValueError for labels that are not finite, or that their loss does not take."""
    names = names_of(labels, what)
    for array, name in zip(labels, names, strict=True):
        require_finite(array, name, model.dtype)
    if len(labels) == len(model.losses):  # else the model will say how many it expects
        for array, name, loss in zip(labels, names, model.losses, strict=True):
            loss.check_labels(array, name)


def names_of(arrays: list, what: str) -> list[str]:
    """What arrays are called in messages: x; or x[0], x[1], ... where there are several."""
    return [what] if len(arrays) == 1 else [f"{what}[{number}]" for number in range(len(arrays))]


def split_off(model, x, y, sample_weight, fraction: float) -> tuple[tuple, tuple]:
    """Cut the last `fraction` of the samples off: (x, y, weights) of the rest, and of that part."""
    x = inputs_in_order(model, x)
    is_fraction = isinstance(fraction, numbers.Real) and 0 < fraction < 1
    if not is_fraction or not is_arrays(x, y) or y is None:
        raise ValueError(
            "validation_split: expected a number in (0, 1), and x and y as arrays; "
            f"got {fraction!r} and {type(x).__name__}"
        )
    named = {"x": x}
    for what, given in (("y", y), ("sample_weight", sample_weight)):
        named[what] = outputs_in_order(model, given, what)
    lists = [None if given is None else as_arrays(given, what) for what, given in named.items()]
    kept = int(len(lists[0][0]) * (1 - fraction))
    return tuple(
        tuple(one and only_or_all([array[part] for array in one]) for one in lists)
        for part in (slice(kept), slice(kept, None))
    )


def steps_of(feed, steps: int | None, argument: str, owner: str = "fit") -> int:
    """The steps asked for, or all the feed has; ValueError where neither is known."""
    if steps is not None:
        return positive_int(steps, argument, owner)
    if len(feed) == 0:
        raise ValueError(f"expected {argument}: a generator does not say how many batches it has")
    return len(feed)
