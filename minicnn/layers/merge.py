"""Concatenate: several branches of a model become one tensor."""

from typing import NamedTuple

import numpy as np

from minicnn.arguments import shape_text
from minicnn.layers.base import Layer


class Concatenate(Layer):
    """Join inputs along their last axis: channels of images, values of vectors.

    All other axes must agree; nothing is ever padded or cropped to make them fit. `forward`
    takes a list of arrays and `backward` returns a list of gradients, each the slice of dy
    that belongs to its input.

    Parameters
    ----------
    axis : int
        -1, the last; or the last axis' own number, batch included (3 for images).
    **common
        `name` and so on; see `Layer`.

    Attributes
    ----------
    cache : Cache(x_shapes)
        x_shapes : shapes of the last inputs.
    """

    class Cache(NamedTuple):
        x_shapes: list

    takes_list = True

    def __init__(self, axis=-1, **common):
        super().__init__(**common)
        self.axis = axis

    def output_shape(self, input_shape):
        if not isinstance(input_shape, list) or not input_shape:
            raise ValueError(f"{self.label}: expected a list of inputs, got {input_shape!r}")
        first = input_shape[0]
        if self.axis not in (-1, len(first)):
            raise ValueError(
                f"{self.label}: expected axis=-1 (channels come last here), got {self.axis!r}"
            )
        for branch, shape in enumerate(input_shape):
            if shape[:-1] != first[:-1]:
                raise ValueError(
                    f"{self.label}: expected all inputs to agree but for the last axis, got "
                    f"{shape_text(first)} from input 0 and {shape_text(shape)} "
                    f"from input {branch}"
                )
        return (*first[:-1], sum(shape[-1] for shape in input_shape))

    def compute(self, x, training):
        self.cache = self.Cache([branch.shape for branch in x])
        # [(..., channels_0), (..., channels_1), ...] -> (..., sum of channels)
        return np.concatenate(x, axis=-1)

    def compute_gradients(self, dy):
        channels = [shape[-1] for shape in self.cache.x_shapes]
        # (..., sum of channels) -> [(..., channels_0), (..., channels_1), ...]
        return [part.copy() for part in np.split(dy, np.cumsum(channels)[:-1], axis=-1)]

    def config(self):
        return {**super().config(), "axis": self.axis}


def concatenate(inputs, axis=-1, **common):
    """Connect a `Concatenate` layer to a list of tensors."""
    return Concatenate(axis, **common)(inputs)
