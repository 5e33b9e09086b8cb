"""Adam: running mean of the gradient over the root of its running square."""

import math

from minicnn import kernels
from minicnn.arguments import refuse_unsupported
from minicnn.optimizers.base import Optimizer
from minicnn.optimizers.checks import above_zero, fraction


class Adam(Optimizer):
    """Running mean of the gradient over the root of its running square; see `adam_update`.

    The means start at 0 and are too small at first. The correction for that goes into the
    step's size, so that in step t

        step_size = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)

    and epsilon is added to the uncorrected root. (PyTorch adds it to the corrected root, which
    gives other steps where gradients are tiny.)

    Source: Kingma and Ba 2015, algorithm 1 in the form at the end of section 2.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1, beta_2 : float
        In [0, 1): how much of the running mean and of the running square is kept each step.
    epsilon : float
        Above 0; keeps the division finite.
    amsgrad
        Keras' argument; accepted with its default only.
    **common
        See `Optimizer`.
    """

    slot_names = ("mean", "variance")
    arguments = ("learning_rate", "beta_1", "beta_2", "epsilon")

    def __init__(
        self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **common
    ):
        super().__init__(learning_rate, **common)
        refuse_unsupported("Adam", {"amsgrad": (amsgrad, False)})
        self.beta_1 = fraction(beta_1, "beta_1", self)
        self.beta_2 = fraction(beta_2, "beta_2", self)
        self.epsilon = above_zero(epsilon, "epsilon", self)

    @property
    def bias_correction(self) -> float:
        """sqrt(1 - beta_2**t) / (1 - beta_1**t) for the next step t, which counts from 1."""
        t = self.iterations + 1
        return math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)

    def update(self, weights, gradient, mean, variance):
        arrays = (weights, gradient, mean, variance)
        step_size = self.learning_rate * self.bias_correction
        settings = (step_size, self.beta_1, self.beta_2, self.epsilon)
        kernels.active().adam_update(*arrays, *map(weights.dtype.type, settings))
