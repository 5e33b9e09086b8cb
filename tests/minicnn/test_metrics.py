"""Accuracy, worked out by hand."""

import numpy as np
import pytest

from minicnn import metrics

pytestmark = pytest.mark.usefixtures("backend")


def test_exactly_one_half_is_class_zero():
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    p = np.array([[0.5], [0.5], [0.51], [0.7]])
    assert metrics.binary_accuracy(y, p).tolist() == [[1], [0], [1], [0]]
