"""Concatenate worked out by hand, on every backend."""

import numpy as np
import pytest

from minicnn import layers

pytestmark = pytest.mark.usefixtures("backend")


def test_concatenate_joins_and_splits_channels():
    left, right = np.array([[1.0, 2]]), np.array([[3.0]])
    layer = layers.Concatenate()
    layer.build([(2,), (1,)], None)
    assert layer.forward([left, right]).tolist() == [[1, 2, 3]]
    assert [part.tolist() for part in layer.backward(np.array([[4.0, 5, 6]]))] == [[[4, 5]], [[6]]]
