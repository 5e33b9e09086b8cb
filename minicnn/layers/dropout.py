"""Dropout: in training, a random part of the values is set to zero."""

from typing import NamedTuple

import numpy as np

from minicnn import arguments, kernels
from minicnn.layers.base import Layer


class Dropout(Layer):
    """Training: y = x / (1 - rate) where the unit stays, else 0. Otherwise: y = x.

    A unit stays with probability 1 - rate; the division keeps the expected sum the same, so
    that nothing has to change when the layer is switched off. Which units stay follows from
    the layer's seed and the number of the training step, see `dropout_keep` in the kernels.

    Source: Srivastava et al. 2014, in the "inverted" form.

    Parameters
    ----------
    rate : float
        Fraction that is dropped, in [0, 1]. (Not the fraction that is kept.)
    seed : int, optional
        In [0, 2**32); drawn from the model's generator when missing.
    **common
        `name`, `input_shape` and so on; see `Layer`.
    noise_shape
        Keras' argument; accepted with its default only.

    Attributes
    ----------
    step : int
        Training steps made so far; set it back to get the same masks again.
    cache : Cache(keep, scale)
        keep : (size,) uint8, 1 where a unit stayed, or None outside training;
        scale : 1 / (1 - rate).
    """

    class Cache(NamedTuple):
        keep: np.ndarray | None
        scale: float

    def __init__(self, rate, *, noise_shape=None, seed=None, **common):
        super().__init__(**common)
        arguments.refuse_unsupported(self.label, {"noise_shape": (noise_shape, None)})
        self.rate = arguments.real(rate, "rate", self.label, 0, 1)
        self.seed = arguments.seed_or_none(seed, "seed", self.label)
        self.step = 0

    def build(self, input_shape, rng):
        super().build(input_shape, rng)
        drawn = int(rng.integers(2**32))  # drawn always, so that later layers' draws stay put
        self.mask_seed = drawn if self.seed is None else self.seed

    def output_shape(self, input_shape):
        return input_shape

    def compute(self, x, training):
        if not training or self.rate == 0:
            self.cache = self.Cache(None, 1.0)
            return x.copy()
        keep = kernels.active().dropout_keep(x.size, self.rate, self.mask_seed, self.step % 2**32)
        scale = 0.0 if self.rate == 1 else 1 / (1 - self.rate)
        self.step += 1
        self.cache = self.Cache(keep, scale)
        return self._masked(x)

    def compute_gradients(self, dy):
        return dy.copy() if self.cache.keep is None else self._masked(dy)

    def _masked(self, values: np.ndarray) -> np.ndarray:
        """Zero the dropped units of x, or of dy, and scale the others."""
        keep, scale = self.cache
        flat = values.reshape(-1)  # (batch, *sample) -> (size,)
        masked = kernels.active().masked_scale(flat, keep, values.dtype.type(scale))
        return masked.reshape(values.shape)

    def config(self):
        return {**super().config(), "rate": self.rate, "seed": self.seed}
