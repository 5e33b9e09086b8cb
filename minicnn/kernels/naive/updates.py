"""One step of each optimizer on one array of weights, in place, in literal loops."""

import numpy as np


def adam_update(weights, gradient, mean, variance, step_size, beta_1, beta_2, epsilon):
    """One Adam step, in place.

    mean     += (1 - beta_1) * (gradient - mean)
    variance += (1 - beta_2) * (gradient**2 - variance)
    weights  -= step_size * mean / (sqrt(variance) + epsilon)

    `step_size` carries the bias correction (see `minicnn.optimizers.Adam`).
    Source: Kingma and Ba 2015, the efficient form at the end of section 2.

    Parameters
    ----------
    weights, gradient, mean, variance : (size,) float arrays of one dtype
        All but `gradient` are changed.
    step_size, beta_1, beta_2, epsilon : scalars of that dtype
    """
    one = weights.dtype.type(1)
    for i in range(weights.size):
        mean[i] += (one - beta_1) * (gradient[i] - mean[i])
        variance[i] += (one - beta_2) * (gradient[i] * gradient[i] - variance[i])
        weights[i] -= step_size * mean[i] / (np.sqrt(variance[i]) + epsilon)


def momentum_update(weights, gradient, velocity, learning_rate, momentum, nesterov):
    """One step of gradient descent with momentum, in place.

    velocity = momentum * velocity - learning_rate * gradient
    weights += velocity                                              (plain)
    weights += momentum * velocity - learning_rate * gradient        (nesterov)

    With momentum 0 it is plain gradient descent. Source: Sutskever et al. 2013, section 2.

    Parameters
    ----------
    weights, gradient, velocity : (size,) float arrays of one dtype
        All but `gradient` are changed.
    learning_rate, momentum : scalars of that dtype
    nesterov : bool
    """
    for i in range(weights.size):
        velocity[i] = momentum * velocity[i] - learning_rate * gradient[i]
        if nesterov:
            weights[i] += momentum * velocity[i] - learning_rate * gradient[i]
        else:
            weights[i] += velocity[i]


def rmsprop_update(weights, gradient, variance, velocity, learning_rate, rho, momentum, epsilon):
    """One RMSprop step, in place: each weight's step is divided by its recent gradient size.

    variance = rho * variance + (1 - rho) * gradient**2
    velocity = momentum * velocity + learning_rate * gradient / sqrt(variance + epsilon)
    weights -= velocity

    Source: Tieleman and Hinton 2012, lecture 6.5; epsilon inside the root as in Keras.

    Parameters
    ----------
    weights, gradient, variance, velocity : (size,) float arrays of one dtype
        All but `gradient` are changed.
    learning_rate, rho, momentum, epsilon : scalars of that dtype
    """
    one = weights.dtype.type(1)
    for i in range(weights.size):
        square = gradient[i] * gradient[i]
        variance[i] = rho * variance[i] + (one - rho) * square
        step = learning_rate * gradient[i] / np.sqrt(variance[i] + epsilon)
        velocity[i] = momentum * velocity[i] + step
        weights[i] -= velocity[i]
