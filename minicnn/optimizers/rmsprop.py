"""RMSprop: steps divided by how large gradients have been lately."""

from minicnn import kernels
from minicnn.arguments import refuse_unsupported
from minicnn.optimizers.base import Optimizer
from minicnn.optimizers.checks import above_zero, fraction


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient; see `rmsprop_update`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    rho, momentum : float
        In [0, 1).
    epsilon : float
        Above 0; keeps the division finite.
    centered
        Keras' argument; accepted with its default only.
    **common
        See `Optimizer`.
    """

    slot_names = ("variance", "velocity")
    arguments = ("learning_rate", "rho", "momentum", "epsilon")

    def __init__(
        self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, **common
    ):
        super().__init__(learning_rate, **common)
        refuse_unsupported("RMSprop", {"centered": (centered, False)})
        self.rho = fraction(rho, "rho", self)
        self.momentum = fraction(momentum, "momentum", self)
        self.epsilon = above_zero(epsilon, "epsilon", self)

    def update(self, weights, gradient, variance, velocity):
        arrays = (weights, gradient, variance, velocity)
        settings = (self.learning_rate, self.rho, self.momentum, self.epsilon)
        kernels.active().rmsprop_update(*arrays, *map(weights.dtype.type, settings))
