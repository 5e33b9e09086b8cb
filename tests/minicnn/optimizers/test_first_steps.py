"""The first steps of each optimizer, worked out by hand."""

import math

import numpy as np
import pytest

from minicnn import optimizers

pytestmark = pytest.mark.usefixtures("backend")


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
