"""First values of kernels and biases."""

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from minicnn import arguments


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Inputs and outputs that one unit of a kernel connects (fan_in, fan_out).

    A dense kernel is (inputs, units). A convolution kernel is (height, width, channels,
    filters): each filter reads height * width * channels values, and each input value is
    read by height * width * filters.
    """
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def as_in_keras(function: Callable) -> Callable:
    """An initializer that may also be called without a shape, as Keras' classes of that name.

    It then gives itself. Keras' arguments are accepted with their defaults only: what is drawn
    follows from the model's seed.
    """
    of_keras = {"seed": (None,), "input_axes": (None,), "output_axes": (None,)}

    @functools.wraps(function)
    def initializer(shape=None, rng=None, **others):
        arguments.refuse_others(function.__name__, others, of_keras)
        return initializer if shape is None else function(shape, rng)

    return initializer


@as_in_keras
def glorot_uniform(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Uniform in [-limit, limit], limit = sqrt(6 / (fan_in + fan_out)); float32.

    Keeps the variance of outputs and of gradients about equal from layer to layer.
    Source: Glorot and Bengio 2010, equation 16.
    """
    limit = math.sqrt(6.0 / sum(fans(shape)))
    return rng.uniform(-limit, limit, size=shape).astype(np.float32)


@as_in_keras
def he_uniform(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Uniform in [-limit, limit], limit = sqrt(6 / fan_in); float32.

    Twice Glorot's variance where fan_in = fan_out, because relu silences half of the units.
    Source: He et al. 2015, equation 10, with Var = limit**2 / 3.
    """
    limit = math.sqrt(6.0 / fans(shape)[0])
    return rng.uniform(-limit, limit, size=shape).astype(np.float32)


@as_in_keras
def glorot_normal(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / (fan_in + fan_out), that of `glorot_uniform`; float32."""
    return truncated(math.sqrt(2.0 / sum(fans(shape))), shape, rng)


@as_in_keras
def he_normal(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / fan_in, that of `he_uniform`; float32."""
    return truncated(math.sqrt(2.0 / fans(shape)[0]), shape, rng)


def truncated(deviation: float, shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Normal values, cut off at two standard deviations, as in Keras; float32.

    Standard normal values beyond -2 and 2 are drawn again. Those that are left have the
    variance 1 - 4 * density(2) / P(-2 < value < 2); they are scaled so that it becomes
    deviation ** 2.
    """
    drawn = rng.standard_normal(shape)
    while (far := np.abs(drawn) > 2).any():
        drawn[far] = rng.standard_normal(far.sum())
    density = math.exp(-2) / math.sqrt(2 * math.pi)
    variance = 1 - 4 * density / math.erf(math.sqrt(2))
    return (drawn * (deviation / math.sqrt(variance))).astype(np.float32)


@as_in_keras
def zeros(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """All zero; float32. `rng` is not used."""
    return np.zeros(shape, dtype=np.float32)


@as_in_keras
def ones(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """All one; float32. `rng` is not used."""
    return np.ones(shape, dtype=np.float32)


INITIALIZERS = {
    "glorot_uniform": glorot_uniform,
    "he_uniform": he_uniform,
    "glorot_normal": glorot_normal,
    "he_normal": he_normal,
    "zeros": zeros,
    "ones": ones,
}


def get(identifier, argument: str = "identifier", owner: str = "initializers.get") -> Callable:
    """Look an initializer up by name, or take a function (shape, rng) -> array as it is.

    ValueError, naming `owner`'s `argument`, if there is none of that name.
    """
    if callable(identifier):
        return identifier
    return INITIALIZERS[arguments.choice(identifier, tuple(INITIALIZERS), argument, owner)]


def name_of(function: Callable) -> str | Callable:
    """The name under which `get` finds it again; one's own function itself."""
    names = (name for name, known in INITIALIZERS.items() if known is function)
    return next(names, function)
