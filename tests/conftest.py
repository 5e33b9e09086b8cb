"""Fixtures that several test files share."""

import numpy as np
import pytest

from minicnn import kernels


@pytest.fixture(params=sorted(kernels.MODULES))
def backend(request):
    """Runs the test once with each backend; gives its name."""
    with kernels.use_backend(request.param):
        yield request.param


@pytest.fixture
def rng():
    """Random numbers, the same in every test."""
    return np.random.default_rng(20200330)
