"""Flatten worked out by hand, on every backend."""

import numpy as np
import pytest
from small_images import with_weights

from minicnn import layers

pytestmark = pytest.mark.usefixtures("backend")


def test_flatten_goes_row_by_row_pixel_by_pixel():
    x = np.array([[[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]]])
    layer = with_weights(layers.Flatten(), x)
    assert layer.forward(x).tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert layer.backward(np.arange(8.0)[None]).tolist() == (x - 1).tolist()
