"""First values of kernels and biases."""

import math
from collections.abc import Sequence

import numpy as np


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Inputs and outputs that one unit of a kernel connects (fan_in, fan_out).

    A dense kernel is (inputs, units). A convolution kernel is (height, width, channels,
    filters): each filter reads height * width * channels numbers, and each input number is
    read by height * width * filters.
    """
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def glorot_uniform(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Uniform in [-limit, limit], limit = sqrt(6 / (fan_in + fan_out)); float32.

    Keeps the variance of outputs and of gradients about equal from layer to layer.
    Source: Glorot and Bengio 2010, equation 16.
    """
    limit = math.sqrt(6.0 / sum(fans(shape)))
    return rng.uniform(-limit, limit, size=shape).astype(np.float32)


def he_uniform(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Uniform in [-limit, limit], limit = sqrt(6 / fan_in); float32.

    Twice Glorot's variance where fan_in = fan_out, because relu silences half of the units.
    Source: He et al. 2015, equation 10, with Var = limit**2 / 3.
    """
    limit = math.sqrt(6.0 / fans(shape)[0])
    return rng.uniform(-limit, limit, size=shape).astype(np.float32)


def zeros(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """All zero; float32. `rng` is not used."""
    return np.zeros(shape, dtype=np.float32)


def ones(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """All one; float32. `rng` is not used."""
    return np.ones(shape, dtype=np.float32)


INITIALIZERS = {
    "glorot_uniform": glorot_uniform,
    "he_uniform": he_uniform,
    "zeros": zeros,
    "ones": ones,
}
