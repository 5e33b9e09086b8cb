"""The dense layer's product and its gradients, in literal loops."""

import numpy as np


def dense_forward(x, kernel, bias):
    """Every unit sees every input: y[n, u] = bias[u] + sum over i of x[n, i] * kernel[i, u].

    Parameters
    ----------
    x : (batch, inputs) float array
    kernel : (inputs, units) float array
    bias : (units,) float array

    Returns
    -------
    y : (batch, units), dtype of x
    """
    batch, inputs = x.shape
    units = kernel.shape[1]
    y = np.empty((batch, units), dtype=x.dtype)
    for n in range(batch):
        for u in range(units):
            total = bias[u]
            for i in range(inputs):
                total += x[n, i] * kernel[i, u]
            y[n, u] = total
    return y


def dense_grad_input(dy, kernel):
    """Gradient with respect to the input: dx[n, i] = sum over u of dy[n, u] * kernel[i, u].

    Parameters
    ----------
    dy : (batch, units) float array
    kernel : (inputs, units) float array

    Returns
    -------
    dx : (batch, inputs), dtype of dy
    """
    batch, units = dy.shape
    inputs = kernel.shape[0]
    dx = np.zeros((batch, inputs), dtype=dy.dtype)
    for n in range(batch):
        for i in range(inputs):
            for u in range(units):
                # Undoes: total += x[n, i] * kernel[i, u].
                dx[n, i] += dy[n, u] * kernel[i, u]
    return dx


def dense_grad_kernel(x, dy):
    """Gradient with respect to the kernel: dkernel[i, u] = sum over n of x[n, i] * dy[n, u].

    Parameters
    ----------
    x : (batch, inputs) float array
    dy : (batch, units) float array

    Returns
    -------
    dkernel : (inputs, units), dtype of dy
    """
    batch, inputs = x.shape
    units = dy.shape[1]
    dkernel = np.zeros((inputs, units), dtype=dy.dtype)
    for i in range(inputs):
        for u in range(units):
            for n in range(batch):
                # Undoes: total += x[n, i] * kernel[i, u].
                dkernel[i, u] += x[n, i] * dy[n, u]
    return dkernel


def grad_bias(dy):
    """Gradient with respect to a bias, which was added to every row: dbias[f] = sum dy[:, f].

    Parameters
    ----------
    dy : (rows, features) float array
        For a convolution, rows are all positions of all samples.

    Returns
    -------
    dbias : (features,), dtype of dy
    """
    rows, features = dy.shape
    dbias = np.zeros(features, dtype=dy.dtype)
    for row in range(rows):
        for f in range(features):
            # Undoes: total = bias[f], with which the sum for every row's y begins.
            dbias[f] += dy[row, f]
    return dbias
