"""MaxPooling2D and AveragePooling2D worked out by hand, on every backend."""

import numpy as np
import pytest
from small_images import gray, image, with_weights

from minicnn import layers

pytestmark = pytest.mark.usefixtures("backend")


def test_max_pooling_never_takes_the_padding():
    x = image(-np.arange(1.0, 17).reshape(4, 4))
    layer = with_weights(layers.MaxPooling2D(4, strides=1, padding="same"), x)
    # One row and column of padding before, two after; each window's first pixel is its largest.
    first = [-1, -1, -2, -3]
    assert gray(layer.forward(x)) == [first, first, [-5, -5, -6, -7], [-9, -9, -10, -11]]


@pytest.mark.parametrize(
    ("window", "winner"),
    [
        ([[5, 5], [5, 5]], (0, 0)),
        ([[0, 0], [0, 0]], (0, 0)),
        ([[1, 3], [3, 3]], (0, 1)),
        ([[1, 2], [3, 3]], (1, 0)),
        ([[-3, -3], [-3, -2]], (1, 1)),
    ],
)
def test_the_first_of_equal_values_wins_and_gets_the_gradient(window, winner):
    x = image(window)
    layer = with_weights(layers.MaxPooling2D(2), x)
    assert gray(layer.forward(x)) == [[max(max(row) for row in window)]]
    dx = layer.backward(image([[7]]))
    expected = np.zeros((2, 2))
    expected[winner] = 7
    assert gray(dx) == expected.tolist()


def test_a_pixel_that_wins_two_windows_gets_both_gradients():
    x = image([[1, 9, 2]])
    layer = with_weights(layers.MaxPooling2D((1, 2), strides=1), x)
    assert gray(layer.forward(x)) == [[9, 9]]
    assert gray(layer.backward(image([[3, 4]]))) == [[0, 7, 0]]


def test_average_pooling_counts_real_pixels_only():
    x = image([[1, 2], [3, 4]])
    layer = with_weights(layers.AveragePooling2D(2, strides=1, padding="same"), x)
    assert gray(layer.forward(x)) == [[2.5, 3], [3.5, 4]]
    # Shares of 4/4 from the first window, 6/2 and 8/2 from the halves, 5/1 from the corner.
    assert gray(layer.backward(image([[4, 6], [8, 5]]))) == [[1, 1 + 3], [1 + 4, 1 + 3 + 4 + 5]]
