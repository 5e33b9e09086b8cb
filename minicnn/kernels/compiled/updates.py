"""One step of each optimiser on one array of weights, in place, compiled.

Each weight has its own mean, variance and velocity, so all loops run in parallel.
"""

import numpy as np
from numba import njit, prange


@njit(parallel=True, cache=True)
def adam_update(weights, gradient, mean, variance, step_size, beta_1, beta_2, epsilon):
    one = weights.dtype.type(1)
    for i in prange(weights.size):
        mean[i] += (one - beta_1) * (gradient[i] - mean[i])
        variance[i] += (one - beta_2) * (gradient[i] * gradient[i] - variance[i])
        weights[i] -= step_size * mean[i] / (np.sqrt(variance[i]) + epsilon)


@njit(parallel=True, cache=True)
def momentum_update(weights, gradient, velocity, learning_rate, momentum, nesterov):
    for i in prange(weights.size):
        velocity[i] = momentum * velocity[i] - learning_rate * gradient[i]
        if nesterov:
            weights[i] += momentum * velocity[i] - learning_rate * gradient[i]
        else:
            weights[i] += velocity[i]


@njit(parallel=True, cache=True)
def rmsprop_update(weights, gradient, variance, velocity, learning_rate, rho, momentum, epsilon):
    one = weights.dtype.type(1)
    for i in prange(weights.size):
        square = gradient[i] * gradient[i]
        variance[i] = rho * variance[i] + (one - rho) * square
        step = learning_rate * gradient[i] / np.sqrt(variance[i] + epsilon)
        velocity[i] = momentum * velocity[i] + step
        weights[i] -= velocity[i]
