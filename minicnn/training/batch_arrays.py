"""A batch as the arrays that a model takes; ValueError where they misfit."""

import numpy as np

from minicnn.arguments import shape_text
from minicnn.numeric_checks import as_numbers, input_list
from minicnn.training.by_name import inputs_in_order, outputs_in_order
from minicnn.training.sample_weights import (
    check_class_weight,
    checked_weights,
    weights_of_classes,
)


def as_inputs(model, x) -> list[np.ndarray]:
    """Batch arrays for the model's inputs, in the model's dtype; ValueError where they misfit."""
    given = input_list(inputs_in_order(model, x))
    if not model.built:
        model.build((None, *np.shape(given[0])[1:]))
    if len(given) == 1 and isinstance(x, list) and len(x) == len(model.graph.inputs) > 1:
        given = list(x)  # nested lists of numbers, one for each input
    if len(given) != len(model.graph.inputs):
        raise ValueError(
            f"{model.name}: expected {len(model.graph.inputs)} inputs, got {len(given)}"
        )
    arrays = [as_input(array, model) for array in given]
    for array, tensor in zip(arrays, model.graph.inputs, strict=True):
        if array.shape[1:] != tensor.sample_shape:
            raise ValueError(
                f"{model.name}: expected input of shape "
                f"{shape_text(('batch', *tensor.sample_shape))}, got {shape_text(array.shape)}"
            )
    if {len(array) for array in arrays} == {0}:
        raise ValueError(f"{model.name}: expected at least one sample, got a batch of none")
    if len({len(array) for array in arrays}) > 1:
        found = ", ".join(str(len(array)) for array in arrays)
        raise ValueError(f"{model.name}: expected as many samples for each input, got {found}")
    return arrays


def as_input(array, model) -> np.ndarray:
    """An array in the model's dtype, in the layout that kernels are compiled for."""
    if type(array) is np.ndarray and array.dtype == model.dtype and array.flags.carray:
        return array
    numbers = as_numbers(array, f"{model.name}: input")
    return np.array(numbers, dtype=model.dtype, order="C")


def as_labels(y, p: np.ndarray, output: str) -> np.ndarray:
    """Labels in the shape and dtype of the predictions `p`; ValueError where they misfit."""
    if y is None:
        raise ValueError(f"{output}: expected labels, got none; give y, or batches (x, y)")
    labels = as_numbers(y, f"{output}: labels").astype(p.dtype, copy=False)
    one_number = p.shape[-1] == 1  # then labels may come as (batch,), too
    if labels.shape != p.shape and not (one_number and labels.shape == p.shape[:-1]):
        numbers = "; numbers of classes have to become rows with a 1 for the class and 0 elsewhere"
        raise ValueError(
            f"{output}: expected labels of shape {shape_text(p.shape)}, "
            f"got {shape_text(labels.shape)}{numbers if labels.shape == p.shape[:-1] else ''}"
        )
    return labels.reshape(p.shape)


def as_label_list(model, y, outputs: list[np.ndarray]) -> list[np.ndarray]:
    """Labels for each output, in the shape and dtype of what the model predicts, and checked."""
    y = outputs_in_order(model, y)
    labels = list(y) if isinstance(y, (list, tuple)) and len(outputs) > 1 else [y]
    if len(labels) != len(outputs):
        raise ValueError(
            f"{model.name}: expected labels for {len(outputs)} outputs, got {len(labels)}"
        )
    found = []
    for tensor, loss, given, p in zip(
        model.graph.outputs, model.losses, labels, outputs, strict=True
    ):
        name = tensor.node.layer.name
        found.append(as_labels(given, p, name))
        loss.check_labels(found[-1], name)
    return found


def as_weight_list(
    model, sample_weight, class_weight: dict | None, labels: list[np.ndarray]
) -> list[np.ndarray | None]:
    """The samples' weights for each output, float64 arrays (samples,), or None: all count the same.

    `sample_weight` is an array for all outputs, or a list or dict of one for each; `class_weight`
    stands instead of it, in models of one output.
    """
    check_class_weight(class_weight, len(labels), sample_weight)
    if class_weight is not None:
        return [weights_of_classes(labels[0], class_weight)]
    weights = input_list(outputs_in_order(model, sample_weight, "sample_weight"))
    if len(weights) not in (1, len(labels)):
        raise ValueError(
            f"sample_weight: expected one array, or one for each of {len(labels)} outputs, got "
            f"{len(weights)}"
        )
    samples = len(labels[0])
    checked = [None if one is None else checked_weights(one, samples) for one in weights]
    return checked if len(checked) == len(labels) else checked * len(labels)
