"""The dense layer's product and its gradients, compiled.

Behind a flatten layer the inputs are very many and the units few, so the work is cut along the
inputs: blocks small enough for the kernel's rows of one block to stay in the processor's cache
while all samples pass by. The forward pass sums over the inputs: each block makes a partial sum
and the partial sums are added in fixed order.
"""

import numpy as np
from numba import njit, prange

FAST_SUMS = {"contract", "reassoc", "nsz"}
WIDE = 8  # from this many units on, the innermost loop runs over the units
BLOCK = 1024  # inputs in a block


def dense_forward(x, kernel, bias):
    partial = _forward_partial(x, kernel)
    return partial.sum(axis=0) + bias  # (blocks, batch, units) -> (batch, units)


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def _forward_partial(x, kernel):
    batch, inputs = x.shape
    units = kernel.shape[1]
    blocks = (inputs + BLOCK - 1) // BLOCK
    partial = np.zeros((blocks, batch, units), dtype=x.dtype)
    for block in prange(blocks):
        start = block * BLOCK
        stop = min(start + BLOCK, inputs)
        for n in range(batch):
            total = partial[block, n]
            if units >= WIDE:
                for i in range(start, stop):
                    for u in range(units):
                        total[u] += x[n, i] * kernel[i, u]
            else:
                for u in range(units):
                    unit_total = total[u]
                    for i in range(start, stop):
                        unit_total += x[n, i] * kernel[i, u]
                    total[u] = unit_total
    return partial


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def dense_grad_input(dy, kernel):
    batch, units = dy.shape
    inputs = kernel.shape[0]
    blocks = (inputs + BLOCK - 1) // BLOCK
    dx = np.zeros((batch, inputs), dtype=dy.dtype)
    for block in prange(blocks):
        start = block * BLOCK
        stop = min(start + BLOCK, inputs)
        for n in range(batch):
            if units >= WIDE:
                for i in range(start, stop):
                    total = dx[n, i]
                    for u in range(units):
                        total += dy[n, u] * kernel[i, u]
                    dx[n, i] = total
            else:
                for u in range(units):
                    for i in range(start, stop):
                        dx[n, i] += dy[n, u] * kernel[i, u]
    return dx


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def dense_grad_kernel(x, dy):
    batch, inputs = x.shape
    units = dy.shape[1]
    blocks = (inputs + BLOCK - 1) // BLOCK
    dkernel = np.zeros((inputs, units), dtype=dy.dtype)
    for block in prange(blocks):
        start = block * BLOCK
        stop = min(start + BLOCK, inputs)
        for n in range(batch):
            if units >= WIDE:
                for i in range(start, stop):
                    for u in range(units):
                        dkernel[i, u] += x[n, i] * dy[n, u]
            else:
                for u in range(units):
                    for i in range(start, stop):
                        dkernel[i, u] += x[n, i] * dy[n, u]
    return dkernel


def grad_bias(dy):
    return _column_sums(dy).sum(axis=0)  # (blocks, features) -> (features,)


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def _column_sums(dy):
    rows, features = dy.shape
    blocks = (rows + BLOCK - 1) // BLOCK
    partial = np.zeros((blocks, features), dtype=dy.dtype)
    for block in prange(blocks):
        for row in range(block * BLOCK, min((block + 1) * BLOCK, rows)):
            for f in range(features):
                partial[block, f] += dy[row, f]
    return partial
