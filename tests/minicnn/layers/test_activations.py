"""ReLU and Sigmoid worked out by hand, on every backend."""

import math

import numpy as np
import pytest
from small_images import with_weights

from minicnn import layers

pytestmark = pytest.mark.usefixtures("backend")


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
