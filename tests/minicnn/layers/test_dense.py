"""Dense worked out by hand, on every backend."""

import numpy as np
import pytest
from small_images import with_weights

from minicnn import layers

pytestmark = pytest.mark.usefixtures("backend")


def test_dense():
    x = np.array([[1.0, 2.0]])
    layer = with_weights(layers.Dense(3), x, [[1, 2, 3], [4, 5, 6]], [10, 20, 30])
    assert layer.forward(x).tolist() == [[19, 32, 45]]
    assert layer.backward(np.array([[1.0, 0.0, -1.0]])).tolist() == [[-2, -2]]
    assert layer.grads["kernel"].tolist() == [[1, 0, -1], [2, 0, -2]]
    assert layer.grads["bias"].tolist() == [1, 0, -1]
