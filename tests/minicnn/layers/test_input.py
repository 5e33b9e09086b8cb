"""`Input`: where data enters, and a failed build."""

import numpy as np
import pytest

from minicnn import layers, models


def test_an_input_layer_passes_everything_on():
    model = models.Sequential([layers.Input((2,)), layers.Dense(1)], seed=0)
    layer = layers.InputLayer((2,))
    layer.build((2,), None)
    x = np.ones((3, 2), np.float32)
    y = layer.forward(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(layer.backward(2 * y), 2 * x)
    assert not np.shares_memory(y, x)
    entrance = model.inputs[0].node.layer
    np.testing.assert_array_equal(entrance.forward(x), x)
    with pytest.raises(ValueError, match=r"expected input of shape \(batch, 2\), got \(3, 3\)"):
        entrance.forward(np.ones((3, 3), np.float32))


def test_a_build_that_fails_leaves_the_layer_unbuilt():
    layer = layers.Dense(2, kernel_initializer=lambda shape, rng: np.zeros((1, 1)))
    with pytest.raises(ValueError, match="expected the initializer to give an array of shape"):
        layer.build((3,), np.random.default_rng(0))
    with pytest.raises(RuntimeError, match="not built yet"):
        layer.forward(np.ones((1, 3), np.float32))
