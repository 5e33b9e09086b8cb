"""Limits and variances of the initializers, worked out by hand."""

import numpy as np
import pytest

from minicnn import initializers

pytestmark = pytest.mark.usefixtures("backend")


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
