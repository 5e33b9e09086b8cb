"""Flatten: an image becomes a vector."""

import math
from typing import NamedTuple

from minicnn import arguments
from minicnn.layers.base import Layer


class Flatten(Layer):
    """(batch, height, width, channels) -> (batch, height * width * channels).

    Row by row, within a row pixel by pixel, within a pixel channel by channel: the order the
    values have in memory anyway.

    Parameters
    ----------
    **common
        `name`, `input_shape` and so on; see `Layer`.
    data_format
        Keras' argument; accepted with its default only.

    Attributes
    ----------
    cache : Cache(x_shape)
        x_shape : shape of the last input.
    """

    class Cache(NamedTuple):
        x_shape: tuple

    def __init__(self, data_format=None, **common):
        super().__init__(**common)
        arguments.refuse_data_format(self.label, data_format)

    def output_shape(self, input_shape):
        return (math.prod(input_shape),)

    def compute(self, x, training):
        self.cache = self.Cache(x.shape)
        # (batch, *sample) -> (batch, values)
        return x.reshape(len(x), -1).copy()

    def compute_gradients(self, dy):
        # (batch, values) -> (batch, *sample)
        return dy.reshape(self.cache.x_shape).copy()
