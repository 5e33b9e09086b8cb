"""The input that excites a filter most: within bounds, and the known one of a linear filter."""

import numpy as np
import pytest
from saliency_models import branching

from minicnn import layers, models
from minicnn.saliency import (
    activation_maximization,
)
from minicnn.saliency.passes import run_layers

pytestmark = pytest.mark.usefixtures("one_thread")


def test_an_excited_filter_is_excited_and_its_input_within_bounds(backend):
    model = branching(np.float32)
    for bounds in ((0.0, 1.0), (-3.0, 3.0)):
        found = activation_maximization(model, "left", 0, 4, seed=1, bounds=bounds, contrast=0.3)
        assert max(found.activations) > 1.1 * found.activations[0]
        assert len(found.activations) == 5
        assert found.x.shape == (9, 8, 1) and found.x.dtype == np.float32
        low, high = bounds
        assert low <= found.x.min() and found.x.max() <= high
        distance = np.sqrt(np.mean((found.x - (low + high) / 2.0) ** 2))
        assert distance <= 0.3 * (high - low) * 1.0001
        again = activation_maximization(model, "left", 0, 4, seed=1, bounds=bounds, contrast=0.3)
        np.testing.assert_array_equal(found.x, again.x)
        values = run_layers(model, found.x[None])[model.get_layer("left").output]
        assert values[..., 0].mean() == pytest.approx(max(found.activations), rel=1e-5)
    other = activation_maximization(model, "left", 0, 1, seed=2)
    assert (other.x != activation_maximization(model, "left", 0, 1, seed=3).x).any()


def test_the_best_input_of_a_linear_filter_is_known():
    """Of one 3x3 unit on a 3x3 image it is the kernel itself, as long as the sphere allows."""
    model = models.Sequential([layers.Conv2D(1, 3, input_shape=(3, 3, 1)), layers.Flatten()])
    kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32)
    model.layers[0].params["kernel"][:, :, 0, 0] = kernel
    found = activation_maximization(model, model.layers[0], 0, 60, contrast=0.1, step_size=0.1)
    expected = 0.5 + 0.1 * 3 * kernel / np.linalg.norm(kernel)  # 3 = sqrt(nine numbers)
    np.testing.assert_allclose(found.x[:, :, 0], expected, atol=0.01)


def test_a_filter_that_relu_silences_is_woken():
    """Its weights sum to -1: gray noise never wakes it, its own pattern does."""
    model = models.Sequential([layers.Conv2D(1, 3, activation="relu", input_shape=(12, 12, 1))])
    (layer,) = model.layers
    layer.params["kernel"][:, :, 0, 0] = [[0, 0, 0], [-1, 1, -1], [0, 0, 0]]
    layer.params["bias"][...] = -0.2
    found = activation_maximization(model, layer, 0, 30, contrast=0.3, seed=4)
    assert max(found.activations) > found.activations[0]
    silent = models.Sequential([layers.Conv2D(1, 3, activation="relu", input_shape=(6, 6, 1))])
    silent.layers[0].params["kernel"][...] = -1
    assert activation_maximization(silent, silent.layers[0], 0, 3).activations == [0] * 4
