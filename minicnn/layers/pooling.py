"""Pooling: each window of an image is reduced to one number, channel by channel."""

from typing import NamedTuple

import numpy as np

from minicnn import arguments, kernels
from minicnn.layers import windows
from minicnn.layers.base import Layer


class Pooling2D(Layer):
    """What max- and average-pooling share: their arguments and the shape of their output.

    Parameters
    ----------
    pool_size : int or (int, int)
        Height and width of the window in pixels.
    strides : int or (int, int), optional
        Pixels from one window to the next; `pool_size` when missing.
    padding : {"valid", "same"}
        As in `Conv2D`, but what is padded never takes part: it is neither the largest value
        nor counted in a mean.
    **common
        `name`, `input_shape` and so on; see `Layer`.
    data_format
        Keras' argument; accepted with its default only.
    """

    fixed_by_build = Layer.fixed_by_build | {"pool_size", "strides", "padding"}

    def __init__(
        self,
        pool_size=(2, 2),
        strides=None,
        padding="valid",
        *,
        data_format=None,
        **common,
    ):
        super().__init__(**common)
        self.pool_size = arguments.pair(pool_size, "pool_size", self.label)
        strides = self.pool_size if strides is None else strides
        self.strides = arguments.pair(strides, "strides", self.label)
        self.padding = arguments.choice(padding, windows.PADDINGS, "padding", self.label)
        arguments.refuse_data_format(self.label, data_format)

    def output_shape(self, input_shape):
        height, width, channels = windows.image_shape(input_shape, self.label)
        out_height, out_width = windows.sliding_output(
            (height, width), self.pool_size, self.strides, self.padding, self.label
        )
        return out_height, out_width, channels

    def config(self):
        return {
            **super().config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
        }


class MaxPooling2D(Pooling2D):
    """y = the largest value of each window; backward, its gradient goes to that pixel alone.

    Where several values are the largest, the first in row-major order wins. Arguments as in
    `Pooling2D`.

    Attributes
    ----------
    cache : Cache(argmax, pads, padded_size)
        argmax : (batch, out_height, out_width, channels) int32, the winner's position in its
        window, counted row by row; pads : ((top, bottom), (left, right)) pixels;
        padded_size : (height, width) of the input with its padding.
    """

    class Cache(NamedTuple):
        argmax: np.ndarray
        pads: tuple
        padded_size: tuple

    def compute(self, x, training):
        pads = windows.window_pads(x.shape, self.pool_size, self.strides, self.padding)
        x_padded = windows.pad_images(x, pads, value=-np.inf)
        y, argmax = kernels.active().maxpool2d_forward(x_padded, self.pool_size, self.strides)
        self.cache = self.Cache(argmax, pads, x_padded.shape[1:3])
        return y

    def compute_gradients(self, dy):
        argmax, pads, padded_size = self.cache
        # dx_padded: (batch, padded_height, padded_width, channels)
        dx_padded = kernels.active().maxpool2d_grad_input(
            dy, argmax, self.pool_size, self.strides, padded_size
        )
        return windows.crop_images(dx_padded, pads)


class AveragePooling2D(Pooling2D):
    """y = the mean of each window; backward, every pixel of it gets an equal share of dy.

    With 'same' padding the mean is over the real pixels of a window, as in TensorFlow.
    Arguments as in `Pooling2D`.

    Attributes
    ----------
    cache : Cache(counts, pads, padded_size)
        counts : (out_height, out_width), the real pixels in each window; pads :
        ((top, bottom), (left, right)) pixels; padded_size : (height, width) of the input with
        its padding.
    """

    class Cache(NamedTuple):
        counts: np.ndarray
        pads: tuple
        padded_size: tuple

    def compute(self, x, training):
        pads = windows.window_pads(x.shape, self.pool_size, self.strides, self.padding)
        x_padded = windows.pad_images(x, pads, value=0)
        counts = self._real_pixels(x.shape, pads, x.dtype)
        self.cache = self.Cache(counts, pads, x_padded.shape[1:3])
        return kernels.active().avgpool2d_forward(x_padded, counts, self.pool_size, self.strides)

    def compute_gradients(self, dy):
        counts, pads, padded_size = self.cache
        # dx_padded: (batch, padded_height, padded_width, channels)
        dx_padded = kernels.active().avgpool2d_grad_input(
            dy, counts, self.pool_size, self.strides, padded_size
        )
        return windows.crop_images(dx_padded, pads)

    def _real_pixels(self, x_shape: tuple, pads: tuple, dtype) -> np.ndarray:
        """How many pixels of each window lie inside the image, (out_height, out_width)."""
        out_height, out_width, _ = self.output_shape(x_shape[1:])
        counts = []
        for axis, positions in enumerate((out_height, out_width)):
            before = pads[axis][0]
            starts = np.arange(positions) * self.strides[axis] - before
            stops = starts + self.pool_size[axis]
            counts.append(np.minimum(stops, x_shape[1 + axis]) - np.maximum(starts, 0))
        return np.outer(*counts).astype(dtype)


class GlobalPooling2D(Layer):
    """What global max- and average-pooling share: all pixels of an image are one window.

    (batch, height, width, channels) -> (batch, channels)

    Parameters
    ----------
    data_format
        Keras' argument; accepted with its default only.
    keepdims : bool
        True: the result stays an image of one pixel, (batch, 1, 1, channels).
    **common
        `name`, `input_shape` and so on; see `Layer`.
    """

    fixed_by_build = Layer.fixed_by_build | {"keepdims"}

    def __init__(self, data_format=None, keepdims=False, **common):
        super().__init__(**common)
        arguments.refuse_data_format(self.label, data_format)
        self.keepdims = bool(keepdims)

    def output_shape(self, input_shape):
        channels = windows.image_shape(input_shape, self.label)[2]
        return (1, 1, channels) if self.keepdims else (channels,)

    def config(self):
        return {**super().config(), "keepdims": self.keepdims}


class GlobalMaxPooling2D(GlobalPooling2D):
    """y = the largest value of each channel; backward, its gradient goes to that pixel alone.

    Pixels that all have the largest value share dy evenly, as in Keras (in `MaxPooling2D` the
    first gets all of it). Arguments as in `GlobalPooling2D`.

    Attributes
    ----------
    cache : Cache(largest)
        largest : bool, shape of the input, which pixels have the largest value of their channel.
    """

    class Cache(NamedTuple):
        largest: np.ndarray

    def compute(self, x, training):
        y = x.max(axis=(1, 2), keepdims=True)  # a NaN wins over every number
        self.cache = self.Cache(~(x < y))  # where y is NaN: all pixels
        # (batch, 1, 1, channels) -> that, or (batch, channels)
        return y.reshape(len(x), *self.output_shape(x.shape[1:]))

    def compute_gradients(self, dy):
        largest = self.cache.largest
        count = largest.sum(axis=(1, 2), keepdims=True, dtype=dy.dtype)
        share = dy.reshape(count.shape) / count
        # (batch, 1, 1, channels) -> (batch, height, width, channels)
        return np.where(largest, share, 0)


class GlobalAveragePooling2D(GlobalPooling2D):
    """y = the mean of each channel; backward, every pixel of it gets an equal share of dy.

    Arguments as in `GlobalPooling2D`.

    Attributes
    ----------
    cache : Cache(x_shape)
        x_shape : shape of the last input.
    """

    class Cache(NamedTuple):
        x_shape: tuple

    def compute(self, x, training):
        self.cache = self.Cache(x.shape)
        # In float64: a float32 sum of so many pixels would lose digits.
        return x.mean(axis=(1, 2), keepdims=self.keepdims, dtype=np.float64).astype(x.dtype)

    def compute_gradients(self, dy):
        batch, height, width, channels = self.cache.x_shape
        # (batch, channels) -> (batch, 1, 1, channels) -> (batch, height, width, channels)
        share = dy.reshape(batch, 1, 1, channels) / (height * width)
        return np.full(self.cache.x_shape, share)
