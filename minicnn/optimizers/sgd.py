"""Gradient descent, plain or with momentum."""

from minicnn import kernels
from minicnn.optimizers.base import Optimizer
from minicnn.optimizers.checks import fraction


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for; see the kernel `momentum_update`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    momentum : float
        In [0, 1).
    nesterov : bool
    **common
        See `Optimizer`.
    """

    slot_names = ("velocity",)
    arguments = ("learning_rate", "momentum", "nesterov")

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **common):
        super().__init__(learning_rate, **common)
        self.momentum = fraction(momentum, "momentum", self)
        self.nesterov = bool(nesterov)

    def update(self, weights, gradient, velocity):
        rate, momentum = map(weights.dtype.type, (self.learning_rate, self.momentum))
        arrays = (weights, gradient, velocity)
        kernels.active().momentum_update(*arrays, rate, momentum, nesterov=self.nesterov)
