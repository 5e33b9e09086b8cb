"""One step of each optimiser on one array of weights, in place, compiled.

Each weight has its own mean, variance and velocity: one pass over the arrays, in which every
number is read and written once, does all of it, shared among the threads.
"""

import numpy as np

from minicnn.kernels.compiled.elementwise import BLOCK, blocks_of
from minicnn.kernels.compiled.jit import kernel
from minicnn.kernels.threads import share


def adam_update(weights, gradient, mean, variance, step_size, beta_1, beta_2, epsilon):
    arrays = (weights, gradient, mean, variance)
    share(_adam_update, blocks_of(weights.size), *arrays, step_size, beta_1, beta_2, epsilon)


@kernel
def _adam_update(
    weights, gradient, mean, variance, step_size, beta_1, beta_2, epsilon, start, stop
):
    one = weights.dtype.type(1)
    for i in range(start * BLOCK, min(stop * BLOCK, weights.size)):
        mean[i] += (one - beta_1) * (gradient[i] - mean[i])
        variance[i] += (one - beta_2) * (gradient[i] * gradient[i] - variance[i])
        weights[i] -= step_size * mean[i] / (np.sqrt(variance[i]) + epsilon)


def momentum_update(weights, gradient, velocity, learning_rate, momentum, nesterov):
    arrays = (weights, gradient, velocity)
    share(_momentum_update, blocks_of(weights.size), *arrays, learning_rate, momentum, nesterov)


@kernel
def _momentum_update(weights, gradient, velocity, learning_rate, momentum, nesterov, start, stop):
    for i in range(start * BLOCK, min(stop * BLOCK, weights.size)):
        velocity[i] = momentum * velocity[i] - learning_rate * gradient[i]
        if nesterov:
            weights[i] += momentum * velocity[i] - learning_rate * gradient[i]
        else:
            weights[i] += velocity[i]


def rmsprop_update(weights, gradient, variance, velocity, learning_rate, rho, momentum, epsilon):
    arrays, settings = (weights, gradient, variance, velocity), (learning_rate, rho, momentum)
    share(_rmsprop_update, blocks_of(weights.size), *arrays, *settings, epsilon)


@kernel
def _rmsprop_update(
    weights, gradient, variance, velocity, learning_rate, rho, momentum, epsilon, start, stop
):
    one = weights.dtype.type(1)
    for i in range(start * BLOCK, min(stop * BLOCK, weights.size)):
        square = gradient[i] * gradient[i]
        variance[i] = rho * variance[i] + (one - rho) * square
        step = learning_rate * gradient[i] / np.sqrt(variance[i] + epsilon)
        velocity[i] = momentum * velocity[i] + step
        weights[i] -= velocity[i]
