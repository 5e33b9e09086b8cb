"""The pooling layers worked out by hand, on every backend."""

import numpy as np
import pytest
from shape_grid import spread_out
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


@pytest.mark.parametrize(
    ("pixels", "dx"),
    [
        ([[-1, -2, 9], [3, 4, 5]], [[0, 0, 6], [0, 0, 0]]),
        ([[7, 2, 1], [7, 7, 0]], [[2, 0, 0], [2, 2, 0]]),
        ([[0, 0, 0], [0, 0, 0]], [[1, 1, 1], [1, 1, 1]]),
    ],
)
def test_the_largest_pixels_of_an_image_share_the_gradient(pixels, dx):
    x = image(pixels)
    layer = with_weights(layers.GlobalMaxPooling2D(), x)
    assert layer.forward(x).tolist() == [[np.max(pixels)]]
    assert gray(layer.backward(np.array([[6.0]]))) == dx


def test_global_average_pooling():
    x = np.concatenate([image([[1, 2], [3, 6]]), image([[0, 0], [0, -4]])], axis=3)
    layer = with_weights(layers.GlobalAveragePooling2D(), x)
    assert layer.forward(x).tolist() == [[3, -1]]
    dx = layer.backward(np.array([[8.0, 2.0]]))
    assert dx.tolist() == [[[[2, 0.5]] * 2] * 2]


def test_the_mean_of_many_pixels_keeps_its_digits():
    x = np.full((1, 400, 400, 1), 0.1, np.float32)  # summed one by one in float32: 0.0998
    layer = with_weights(layers.GlobalAveragePooling2D(), x)
    assert layer.forward(x) == np.float32(0.1)


@pytest.mark.parametrize("layer_class", [layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D])
def test_global_pooling_may_keep_an_image_of_one_pixel(layer_class):
    x = spread_out((2, 3, 4, 5))
    flat, kept = (with_weights(layer_class(keepdims=keep), x) for keep in (False, True))
    y, image_y = flat.forward(x), kept.forward(x)
    assert (y.shape, image_y.shape) == ((2, 5), (2, 1, 1, 5))
    np.testing.assert_array_equal(image_y[:, 0, 0], y)
    np.testing.assert_array_equal(kept.backward(image_y), flat.backward(y))


@pytest.mark.filterwarnings("error")
def test_not_a_number_is_not_hidden_by_global_pooling():
    x = image([[1, np.nan], [3, 4]])
    for layer in (layers.GlobalMaxPooling2D(), layers.GlobalAveragePooling2D()):
        with_weights(layer, x)
        assert np.isnan(layer.forward(x)).all()
        assert layer.backward(np.ones((1, 1))).sum() == 1
