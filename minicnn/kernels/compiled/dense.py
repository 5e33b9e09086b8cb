"""The dense layer's product and its gradients, compiled.

With many units these are matrix products, and NumPy has them from a BLAS library. With few of
them (the published models end in 2 units and 1) a product of such a thin matrix is a sweep over
the inputs. The work is then cut along the inputs: blocks small enough for the kernel's part of
one block to stay in the processor's cache while all samples pass by. The kernel is turned round
first, (inputs, units) -> (units, inputs), so that what is swept lies side by side.
"""

import numpy as np

from minicnn.kernels.jit import summing_kernel
from minicnn.kernels.threads import share

WIDE = 8  # from this many units on, the matrix product is the faster way
BLOCK = 2048  # inputs in a block
ROWS = 1024  # rows in a block of `grad_bias`


def _blocks_of(inputs):
    return (inputs + BLOCK - 1) // BLOCK


def dense_forward(x, kernel, bias):
    inputs, units = kernel.shape
    if units >= WIDE:
        return x @ kernel + bias
    partial = np.empty((_blocks_of(inputs), len(x), units), dtype=x.dtype)
    share(_forward_partial, len(partial), x, np.ascontiguousarray(kernel.T), partial)
    return partial.sum(axis=0) + bias  # (blocks, batch, units) -> (batch, units), in fixed order


@summing_kernel
def _forward_partial(x, taps, partial, start, stop):
    for block in range(start, stop):
        for n in range(x.shape[0]):
            pixels = x[n, block * BLOCK : (block + 1) * BLOCK]
            for u in range(taps.shape[0]):
                weights = taps[u, block * BLOCK : (block + 1) * BLOCK]
                total = x.dtype.type(0)
                for i in range(pixels.size):
                    total += pixels[i] * weights[i]
                partial[block, n, u] = total


def dense_grad_input(dy, kernel):
    inputs, units = kernel.shape
    if units >= WIDE:
        return dy @ kernel.T
    dx = np.empty((len(dy), inputs), dtype=dy.dtype)
    share(_grad_input, _blocks_of(inputs), dy, np.ascontiguousarray(kernel.T), dx)
    return dx


@summing_kernel
def _grad_input(dy, taps, dx, start, stop):
    for block in range(start, stop):
        for n in range(dy.shape[0]):
            flow = dx[n, block * BLOCK : (block + 1) * BLOCK]
            for u in range(taps.shape[0]):
                weights = taps[u, block * BLOCK : (block + 1) * BLOCK]
                dy_u = dy[n, u]
                if u == 0:
                    for i in range(flow.size):
                        flow[i] = dy_u * weights[i]
                else:
                    for i in range(flow.size):
                        flow[i] += dy_u * weights[i]


def dense_grad_kernel(x, dy):
    units = dy.shape[1]
    if units >= WIDE:
        return x.T @ dy
    dtaps = np.empty((units, x.shape[1]), dtype=dy.dtype)
    share(_grad_kernel, _blocks_of(x.shape[1]), x, dy, dtaps)
    return np.ascontiguousarray(dtaps.T)  # (units, inputs) -> (inputs, units)


@summing_kernel
def _grad_kernel(x, dy, dtaps, start, stop):
    for block in range(start, stop):
        for u in range(dtaps.shape[0]):
            dtaps[u, block * BLOCK : (block + 1) * BLOCK] = 0
        for n in range(x.shape[0]):
            pixels = x[n, block * BLOCK : (block + 1) * BLOCK]
            for u in range(dtaps.shape[0]):
                total = dtaps[u, block * BLOCK : (block + 1) * BLOCK]
                dy_u = dy[n, u]
                for i in range(pixels.size):
                    total[i] += dy_u * pixels[i]


def grad_bias(dy):
    partial = np.zeros(((len(dy) + ROWS - 1) // ROWS, dy.shape[1]), dtype=dy.dtype)
    share(_column_sums, len(partial), dy, partial)
    return partial.sum(axis=0)  # (blocks, features) -> (features,)


@summing_kernel
def _column_sums(dy, partial, start, stop):
    rows, features = dy.shape
    for block in range(start, stop):
        for row in range(block * ROWS, min((block + 1) * ROWS, rows)):
            for f in range(features):
                partial[block, f] += dy[row, f]
