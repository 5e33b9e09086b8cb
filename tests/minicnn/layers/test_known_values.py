"""Small numbers worked out by hand, on all backends: nothing under test makes the expectation."""

import math

import numpy as np
import pytest

from minicnn import initializers, layers, losses, metrics, optimizers
from minicnn.layers import windows

pytestmark = pytest.mark.usefixtures("backend")


def with_weights(layer, x, *weights):
    """The layer, built for `x`, with these weights."""
    layer.build(x.shape[1:], np.random.default_rng(0))
    layer.set_weights([np.array(array, dtype=np.float32) for array in weights])
    return layer


def image(rows):
    """One gray image, (1, height, width, 1)."""
    return np.array(rows, dtype=np.float64)[None, :, :, None]


def gray(images):
    """The numbers of one gray image as lists of rows."""
    return images[0, :, :, 0].tolist()


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


def test_dense():
    x = np.array([[1.0, 2.0]])
    layer = with_weights(layers.Dense(3), x, [[1, 2, 3], [4, 5, 6]], [10, 20, 30])
    assert layer.forward(x).tolist() == [[19, 32, 45]]
    assert layer.backward(np.array([[1.0, 0.0, -1.0]])).tolist() == [[-2, -2]]
    assert layer.grads["kernel"].tolist() == [[1, 0, -1], [2, 0, -2]]
    assert layer.grads["bias"].tolist() == [1, 0, -1]


def test_relu_is_flat_at_zero():
    x = np.array([[-2.0, 0.0, 3.0]])
    layer = with_weights(layers.ReLU(), x)
    assert layer.forward(x).tolist() == [[0, 0, 3]]
    assert layer.backward(np.full((1, 3), 5.0)).tolist() == [[0, 0, 5]]


def test_sigmoid():
    x = np.array([[0.0, math.log(3), -math.log(3)]])
    layer = with_weights(layers.Sigmoid(), x)
    np.testing.assert_allclose(layer.forward(x), [[0.5, 0.75, 0.25]], rtol=1e-15)
    dx = layer.backward(np.full((1, 3), 16.0))
    np.testing.assert_allclose(dx, [[4, 3, 3]], rtol=1e-15)


@pytest.mark.filterwarnings("error")
def test_sigmoid_does_not_overflow():
    x = np.array([[1000.0, -1000.0]], dtype=np.float32)
    assert with_weights(layers.Sigmoid(), x).forward(x).tolist() == [[1, 0]]


def test_dropout_outside_training_changes_nothing():
    x = np.arange(1.0, 13).reshape(3, 4)
    layer = with_weights(layers.Dropout(0.75), x)
    assert layer.forward(x).tolist() == x.tolist()
    assert layer.backward(x).tolist() == x.tolist()


def test_dropout_scales_what_it_keeps():
    x = np.ones((4, 5000))
    layer = with_weights(layers.Dropout(0.75, seed=0), x)
    y = layer.forward(x, training=True)
    assert sorted(set(y.ravel().tolist())) == [0, 4]
    kept = np.mean(y != 0)
    assert abs(kept - 0.25) < 4 * math.sqrt(0.25 * 0.75 / y.size)  # four standard deviations
    assert layer.backward(3 * np.ones_like(x)).tolist() == (3 * y).tolist()


def test_dropout_mask_follows_from_seed_and_step():
    x = np.ones((1, 200))
    masks = {}
    for seed in (1, 2):
        layer = with_weights(layers.Dropout(0.5, seed=seed), x)
        for step in range(3):
            masks[seed, step] = layer.forward(x, training=True).tolist()
        layer.step = 1
        assert layer.forward(x, training=True).tolist() == masks[seed, 1]
    distinct = {str(mask) for mask in masks.values()}
    assert len(distinct) == 6


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 1), (1.0, 0)])
def test_dropout_of_nothing_and_of_everything(rate, expected):
    x = np.ones((2, 50))
    layer = with_weights(layers.Dropout(rate), x)
    assert set(layer.forward(x, training=True).ravel().tolist()) == {expected}
    assert set(layer.backward(x).ravel().tolist()) == {expected}


def test_flatten_goes_row_by_row_pixel_by_pixel():
    x = np.array([[[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]]])
    layer = with_weights(layers.Flatten(), x)
    assert layer.forward(x).tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert layer.backward(np.arange(8.0)[None]).tolist() == (x - 1).tolist()


def test_concatenate_joins_and_splits_channels():
    left, right = np.array([[1.0, 2]]), np.array([[3.0]])
    layer = layers.Concatenate()
    layer.build([(2,), (1,)], None)
    assert layer.forward([left, right]).tolist() == [[1, 2, 3]]
    assert [part.tolist() for part in layer.backward(np.array([[4.0, 5, 6]]))] == [[[4, 5]], [[6]]]


def test_cross_entropy_of_probabilities():
    loss = losses.BinaryCrossentropy()
    value, dp = loss.from_probabilities(np.array([[1.0], [0.0]]), np.array([[0.5], [0.5]]))
    assert value == pytest.approx(math.log(2))
    assert dp.tolist() == [[-1], [1]]  # -1 / 0.5 and 1 / 0.5, each a half of the mean
    worst, dp = loss.from_probabilities(np.array([[1.0]]), np.array([[0.0]]))
    assert worst == pytest.approx(16.118, abs=5e-4)
    assert dp.tolist() == [[0]]


def test_cross_entropy_of_logits():
    loss = losses.BinaryCrossentropy()
    value, dz = loss.from_logits(np.array([[1.0], [0.0]]), np.array([[0.0], [0.0]]))
    assert value == pytest.approx(math.log(2))
    assert dz.tolist() == [[-0.25], [0.25]]
    value, dz = loss.from_logits(np.array([[0.0]]), np.array([[1000.0]]))
    assert (value, dz.tolist()) == (1000, [[1]])
    value, dz = loss.from_logits(np.array([[1.0]]), np.array([[math.log(3)]]))
    assert value == pytest.approx(-math.log(0.75))
    assert dz[0, 0] == pytest.approx(-0.25)


def test_exactly_one_half_is_class_zero():
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    p = np.array([[0.5], [0.5], [0.51], [0.7]])
    assert metrics.binary_accuracy(y, p) == 0.5


def steps_of(optimizer, gradients, start=0.0):
    """Where one weight is after each of the gradients."""
    weights = {"w": np.array([start])}
    path = []
    for gradient in gradients:
        optimizer.apply(weights, {"w": np.array([gradient])})
        path.append(float(weights["w"][0]))
    return path


def test_first_step_of_adam_on_a_tiny_gradient():
    """The epsilon outside the bias correction shows here: elsewhere it would be -9.90e-5."""
    (step,) = steps_of(optimizers.Adam(learning_rate=1e-4), [1e-6])
    assert step == pytest.approx(-2.40e-5, abs=0.005e-5)


def test_first_two_steps_of_adam():
    # Equal gradients: the corrected mean is g and the corrected root |g|, so each step is
    # learning_rate, up to epsilon.
    path = steps_of(optimizers.Adam(learning_rate=0.1), [2.0, 2.0])
    assert path == pytest.approx([-0.1, -0.2], abs=1e-6)


def test_gradient_descent_plain_and_with_momentum():
    assert steps_of(optimizers.SGD(0.1), [2.0, -1.0], start=1.0) == pytest.approx([0.8, 0.9])
    # velocities: -0.2, then 0.5 * -0.2 - 0.2 = -0.3
    path = steps_of(optimizers.SGD(0.1, momentum=0.5), [2.0, 2.0])
    assert path == pytest.approx([-0.2, -0.5])
    # the same velocities, looked at one step ahead: 0.5 * -0.2 - 0.2, then 0.5 * -0.3 - 0.2
    path = steps_of(optimizers.SGD(0.1, momentum=0.5, nesterov=True), [2.0, 2.0])
    assert path == pytest.approx([-0.3, -0.65])


def test_first_step_of_rmsprop():
    # variance = 0.1 * 2**2 = 0.4; step = 0.01 * 2 / sqrt(0.4)
    (step,) = steps_of(optimizers.RMSprop(learning_rate=0.01), [2.0])
    assert step == pytest.approx(-0.01 * 2 / math.sqrt(0.4), rel=1e-6)


@pytest.mark.parametrize(
    ("shape", "limit"),
    [((3, 3, 2, 4), 1 / 3), ((100, 50), 0.2)],  # sqrt(6 / (18 + 36)), sqrt(6 / 150)
)
def test_glorot_limit(shape, limit):
    drawn = initializers.glorot_uniform(shape, np.random.default_rng(0))
    assert drawn.dtype == np.float32
    assert 0.9 * limit < np.abs(drawn).max() <= limit * (1 + 1e-6)
    assert np.abs(drawn).mean() == pytest.approx(limit / 2, rel=0.3)


def test_he_limit():
    drawn = initializers.he_uniform((24, 200), np.random.default_rng(0))  # sqrt(6 / 24)
    assert 0.49 < np.abs(drawn).max() <= 0.5 * (1 + 1e-6)


@pytest.mark.parametrize(
    ("function", "variance"),
    [(initializers.he_normal, 2 / 24), (initializers.glorot_normal, 2 / (24 + 2000))],
)
def test_normal_initializers_are_truncated_and_have_the_variance_that_was_asked_for(
    function, variance
):
    drawn = function((24, 2000), np.random.default_rng(0))
    assert drawn.dtype == np.float32
    assert drawn.var() == pytest.approx(variance, rel=0.03)
    # 0.8796...: the deviation of a standard normal number that lies in [-2, 2]
    limit = 2 * np.sqrt(variance) / 0.87962566103423978
    assert 0.99 * limit < np.abs(drawn).max() <= limit * (1 + 1e-6)


@pytest.mark.parametrize(
    ("size", "window", "stride", "padding", "positions", "pads"),
    [
        (150, 3, 1, "valid", 148, (0, 0)),
        (7, 2, 2, "valid", 3, (0, 0)),
        (7, 2, 2, "same", 4, (0, 1)),
        (4, 4, 1, "same", 4, (1, 2)),
        (5, 3, 2, "same", 3, (1, 1)),
        (4, 1, 2, "same", 2, (0, 0)),
        (2, 5, 1, "same", 2, (2, 2)),
    ],
)
def test_positions_and_padding(size, window, stride, padding, positions, pads):
    assert windows.window_positions(size, window, stride, padding) == positions
    assert windows.padding_amounts(size, window, stride, padding) == pads
