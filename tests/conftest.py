"""Fixtures that several test files share."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn.kernels import threads as kernel_threads


@pytest.fixture(params=sorted(kernels.MODULES))
def backend(request):
    """Runs the test once with each backend; gives its name."""
    with kernels.use_backend(request.param):
        yield request.param


@pytest.fixture
def rng():
    """Random numbers, the same in every test."""
    return np.random.default_rng(20200330)


@pytest.fixture
def one_thread():
    """Compiled kernels on one thread, for tests that call them thousands of times on tiny arrays:
    waking a second thread for each call would take most of the time.

    That the number of threads changes no number is tested in `test_layer_contract`.
    """
    threads = kernel_threads.get_threads()
    kernel_threads.set_threads(1)
    yield
    kernel_threads.set_threads(threads)
