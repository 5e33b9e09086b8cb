"""The samples that callbacks are tried with."""

import numpy as np
import pytest


@pytest.fixture
def data(rng):
    return rng.random((6, 3)), np.array([0, 1] * 3)
