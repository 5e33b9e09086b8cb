"""One step of each optimizer on one array of weights, in place, in NumPy.

`mean += ...` changes the array that was given; `mean = mean + ...` would make another one.
"""

import numpy as np


def adam_update(weights, gradient, mean, variance, step_size, beta_1, beta_2, epsilon):
    """See naive.adam_update."""
    mean += (1 - beta_1) * (gradient - mean)
    variance += (1 - beta_2) * (gradient * gradient - variance)
    weights -= step_size * mean / (np.sqrt(variance) + epsilon)


def momentum_update(weights, gradient, velocity, learning_rate, momentum, nesterov):
    """See naive.momentum_update."""
    velocity[:] = momentum * velocity - learning_rate * gradient
    weights += momentum * velocity - learning_rate * gradient if nesterov else velocity


def rmsprop_update(weights, gradient, variance, velocity, learning_rate, rho, momentum, epsilon):
    """See naive.rmsprop_update."""
    variance[:] = rho * variance + (1 - rho) * (gradient * gradient)
    velocity[:] = momentum * velocity + learning_rate * gradient / np.sqrt(variance + epsilon)
    weights -= velocity
