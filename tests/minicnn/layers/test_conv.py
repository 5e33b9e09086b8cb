"""Conv2D worked out by hand, on every backend: nothing under test makes the expectation."""

import numpy as np
import pytest
from small_images import gray, image, with_weights

from minicnn import layers

pytestmark = pytest.mark.usefixtures("backend")
COUNTING = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])


def test_convolution_is_window_times_kernel_plus_bias():
    layer = layers.Conv2D(1, 2)
    with_weights(layer, COUNTING, [[[[1]], [[2]]], [[[3]], [[4]]]], [10])
    # 1*1 + 2*2 + 4*3 + 5*4 + 10 = 47, and so on
    assert gray(layer.forward(COUNTING)) == [[47, 57], [77, 87]]


def test_gradients_of_that_convolution():
    layer = layers.Conv2D(1, 2)
    with_weights(layer, COUNTING, [[[[1]], [[2]]], [[[3]], [[4]]]], [10])
    layer.forward(COUNTING)
    dx = layer.backward(image([[1, 0], [0, 2]]))
    # Once the upper left window and twice the lower right one.
    assert layer.grads["kernel"][:, :, 0, 0].tolist() == [[11, 14], [20, 23]]
    assert layer.grads["bias"].tolist() == [3]
    # The kernel laid over the upper left window, and twice over the lower right one.
    assert gray(dx) == [[1, 2, 0], [3, 4 + 2, 4], [0, 6, 8]]


def test_convolution_sums_over_channels_for_each_filter():
    x = np.array([[[[1.0, 10.0]]]])
    layer = with_weights(layers.Conv2D(3, 1), x, [[[[1, 2, 3], [4, 5, 6]]]], [0.5, 0, -0.5])
    assert layer.forward(x).ravel().tolist() == [41.5, 52, 62.5]


def test_convolution_strides_and_odd_rest():
    x = image(np.arange(20).reshape(4, 5))
    layer = with_weights(layers.Conv2D(1, 1, strides=(3, 2)), x, [[[[1]]]], [0])
    assert gray(layer.forward(x)) == [[0, 2, 4], [15, 17, 19]]


@pytest.mark.parametrize(
    ("size", "kernel_size", "stride", "expected"),
    [
        (4, 3, 2, [[9, 6], [6, 4]]),
        (5, 3, 2, [[4, 6, 4], [6, 9, 6], [4, 6, 4]]),
        (3, 2, 1, [[4, 4, 2], [4, 4, 2], [2, 2, 1]]),
    ],
)
def test_same_padding_of_ones_by_ones_counts_real_pixels(size, kernel_size, stride, expected):
    x = image(np.ones((size, size)))
    layer = layers.Conv2D(1, kernel_size, strides=stride, padding="same")
    with_weights(layer, x, np.ones((kernel_size, kernel_size, 1, 1)), [0])
    assert gray(layer.forward(x)) == expected
