"""One step of each optimizer on one array of weights, in place, compiled.

Each weight has its own mean, variance and velocity: one pass over the arrays, in which every
number is read and written once, does all of it, shared among the threads.
"""

import numpy as np

from minicnn.kernels.compiled.elementwise import blocks_of
from minicnn.kernels.runtime.jit import kernel
from minicnn.kernels.runtime.thread_pool import share

BLOCK = 1 << 17  # weights that are one piece of work: with fewer, another thread comes too late


def adam_update(weights, gradient, mean, variance, step_size, beta_1, beta_2, epsilon):
    """See naive.adam_update."""
    arrays = (weights, gradient, mean, variance)
    share(_adam_update, blocks_of(weights.size, BLOCK), *arrays, step_size, beta_1, beta_2, epsilon)


@kernel
def _adam_update(
    weights, gradient, mean, variance, step_size, beta_1, beta_2, epsilon, start, stop
):
    weights, gradient = _cut(weights, start, stop), _cut(gradient, start, stop)
    mean, variance = _cut(mean, start, stop), _cut(variance, start, stop)
    one = weights.dtype.type(1)
    for i in range(weights.size):
        slope = gradient[i]
        new_mean = mean[i] + (one - beta_1) * (slope - mean[i])
        new_variance = variance[i] + (one - beta_2) * (slope * slope - variance[i])
        mean[i], variance[i] = new_mean, new_variance
        weights[i] -= step_size * new_mean / (np.sqrt(new_variance) + epsilon)


@kernel
def _cut(array, start, stop):
    """Some blocks of an array, whose values are then counted from 0."""
    return array[start * BLOCK : stop * BLOCK]


def momentum_update(weights, gradient, velocity, learning_rate, momentum, nesterov):
    """See naive.momentum_update."""
    arrays = (weights, gradient, velocity)
    share(
        _momentum_update, blocks_of(weights.size, BLOCK), *arrays, learning_rate, momentum, nesterov
    )


@kernel
def _momentum_update(weights, gradient, velocity, learning_rate, momentum, nesterov, start, stop):
    weights, gradient = _cut(weights, start, stop), _cut(gradient, start, stop)
    velocity = _cut(velocity, start, stop)
    for i in range(weights.size):
        slope = learning_rate * gradient[i]
        new_velocity = momentum * velocity[i] - slope
        velocity[i] = new_velocity
        weights[i] += momentum * new_velocity - slope if nesterov else new_velocity


def rmsprop_update(weights, gradient, variance, velocity, learning_rate, rho, momentum, epsilon):
    """See naive.rmsprop_update."""
    arrays, settings = (weights, gradient, variance, velocity), (learning_rate, rho, momentum)
    share(_rmsprop_update, blocks_of(weights.size, BLOCK), *arrays, *settings, epsilon)


@kernel
def _rmsprop_update(
    weights, gradient, variance, velocity, learning_rate, rho, momentum, epsilon, start, stop
):
    weights, gradient = _cut(weights, start, stop), _cut(gradient, start, stop)
    variance, velocity = _cut(variance, start, stop), _cut(velocity, start, stop)
    one = weights.dtype.type(1)
    for i in range(weights.size):
        slope = gradient[i]
        new_variance = rho * variance[i] + (one - rho) * (slope * slope)
        step = learning_rate * slope / np.sqrt(new_variance + epsilon)
        new_velocity = momentum * velocity[i] + step
        variance[i], velocity[i] = new_variance, new_velocity
        weights[i] -= new_velocity
