"""Two-dimensional convolution: a small kernel slides over an image.

At every position the window of pixels under the kernel is multiplied with it, value by
value, and summed; each filter has its own kernel and so gives one channel of the output.
The loops themselves are in `minicnn.kernels` (`conv2d_forward` and its two gradients); the
zeros around the image are put there by `minicnn.layers.windows`, as they are for pooling.
"""

from typing import NamedTuple

import numpy as np

from minicnn import arguments, initializers, kernels
from minicnn.layers import windows
from minicnn.layers.activations import activation_layer, activation_name
from minicnn.layers.base import Layer
from minicnn.layers.keras_arguments import WITH_KERNEL


class Conv2D(Layer):
    """z[n, row, col, f] = bias[f] + sum of window(n, row, col) * kernel[:, :, :, f]; y = act(z).

    The window of output position (row, col) begins at pixel (row * stride_height,
    col * stride_width) of the padded image. As everywhere in this field the kernel is not
    flipped (a cross-correlation, in signal processing terms).

    The gradients, with dz the gradient in front of the activation:

        dbias[f]   = sum over all positions of dz
        dkernel    = sum over all positions of window * dz
        dx(window) += kernel * dz, for every position; windows overlap, so this adds up

    Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning".

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (int, int)
        Height and width of the window in pixels.
    strides : int or (int, int)
        Pixels from one window to the next, down and to the right.
    padding : {"valid", "same"}
        "valid": windows stay inside the image. "same": zeros around the image, as many as give
        ceil(size / stride) positions; where their number is odd, the extra one is at the
        bottom or right.
    activation : str, optional
        "relu", "sigmoid" or "linear".
    use_bias : bool
    kernel_initializer, bias_initializer : str or function (shape, rng) -> array
        Names: see `minicnn.initializers.INITIALIZERS`.
    **common
        `name`, `input_shape` and so on; see `Layer`.
    data_format, dilation_rate, groups
        Keras' arguments; accepted with their defaults only.

    Attributes
    ----------
    params : {"kernel": (kernel_height, kernel_width, channels, filters), "bias": (filters,)}
    cache : Cache(x_padded, pads)
        x_padded : the last input with its padding, (batch, height, width, channels);
        pads : ((top, bottom), (left, right)) pixels.
    """

    class Cache(NamedTuple):
        x_padded: np.ndarray
        pads: tuple

    of_keras = WITH_KERNEL
    fixed_by_build = Layer.fixed_by_build | {"filters", "kernel_size", "strides", "padding"}

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        *,
        data_format=None,
        dilation_rate=(1, 1),
        groups=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **common,
    ):
        super().__init__(**common)
        self.filters = arguments.positive_int(filters, "filters", self.label)
        self.kernel_size = arguments.pair(kernel_size, "kernel_size", self.label)
        self.strides = arguments.pair(strides, "strides", self.label)
        self.padding = arguments.choice(padding, windows.PADDINGS, "padding", self.label)
        arguments.refuse_data_format(self.label, data_format)
        others = {"dilation_rate": (dilation_rate, (1, 1), 1), "groups": (groups, 1)}
        arguments.refuse_unsupported(self.label, others)
        self.use_bias = bool(use_bias)
        get = initializers.get
        self.kernel_initializer = get(kernel_initializer, "kernel_initializer", self.label)
        self.bias_initializer = get(bias_initializer, "bias_initializer", self.label)
        self.activation = activation_layer(activation, self.label)

    def param_shapes(self, input_shape):
        found = {"kernel": (*self.kernel_size, input_shape[2], self.filters)}
        if self.use_bias:
            found["bias"] = (self.filters,)
        return found

    def output_shape(self, input_shape):
        height, width, _ = windows.image_shape(input_shape, self.label)
        out_height, out_width = windows.sliding_output(
            (height, width), self.kernel_size, self.strides, self.padding, self.label
        )
        return out_height, out_width, self.filters

    def compute(self, x, training):
        pads = windows.window_pads(x.shape, self.kernel_size, self.strides, self.padding)
        x_padded = windows.pad_images(x, pads, value=0)
        bias = self.bias if self.use_bias else np.zeros(self.filters, x.dtype)
        self.cache = self.Cache(x_padded, pads)
        # (batch, height, width, channels) -> z: (batch, out_height, out_width, filters)
        return kernels.active().conv2d_forward(x_padded, self.kernel, bias, self.strides)

    def compute_gradients(self, dz):
        x_padded, pads = self.cache
        backend = kernels.active()

        # dkernel: (kernel_height, kernel_width, channels, filters), as the kernel
        dkernel = backend.conv2d_grad_kernel(x_padded, dz, self.strides, self.kernel_size)
        self.grads = {"kernel": dkernel}
        if self.use_bias:
            # (batch, out_height, out_width, filters) -> (positions, filters)
            self.grads["bias"] = backend.grad_bias(dz.reshape(-1, self.filters))

        # dx_padded: (batch, padded_height, padded_width, channels), as x_padded
        padded_size = x_padded.shape[1:3]
        dx_padded = backend.conv2d_grad_input(dz, self.kernel, self.strides, padded_size)
        return windows.crop_images(dx_padded, pads)

    def config(self):
        return {
            **super().config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": activation_name(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.name_of(self.kernel_initializer),
            "bias_initializer": initializers.name_of(self.bias_initializer),
        }
