"""The cross-entropy of probabilities and of logits, worked out by hand."""

import math

import numpy as np
import pytest

from minicnn import losses

pytestmark = pytest.mark.usefixtures("backend")


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
