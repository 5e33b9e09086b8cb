"""The dense layer's product and its gradients, compiled.

With many units these are matrix products, and NumPy has them from a BLAS library. They are cut
along the inputs into products so small that BLAS computes each on the thread that asks for it:
its own threads, once woken, keep a core busy for a while waiting for more, and the kernels that
come next do not have it.

With few units (the published models end in 2 and in 1) a product of such a thin matrix is a sweep
over the inputs, cut into blocks small enough for the kernel's part of one block to stay in the
processor's cache while all samples pass by. The kernel is turned round first, (inputs, units) ->
(units, inputs), so that what is swept lies side by side.
"""

import numpy as np

from minicnn.kernels.runtime.jit import summing_kernel
from minicnn.kernels.runtime.thread_pool import share

WIDE = 8  # from this many units on, the matrix product is the faster way
SMALL_PRODUCT = 2**18  # multiply-adds up to which OpenBLAS uses the calling thread
GROUP = 32  # small products whose results are added up at a time
BLOCK = 2048  # inputs in a block of a sweep
ROWS = 1024  # rows in a block of `grad_bias`


def dense_forward(x, kernel, bias):
    """See naive.dense_forward."""
    inputs, units = kernel.shape
    if units >= WIDE:
        x_blocks, block = _cut_inputs(x, units)
        kernel_blocks = kernel[: len(x_blocks) * block].reshape(-1, block, units)
        partial = np.empty((-(-len(x_blocks) // GROUP), len(x), units), dtype=x.dtype)
        share(_forward_groups, len(partial), x_blocks, kernel_blocks, partial)
        done = len(x_blocks) * block
        return partial.sum(axis=0) + x[:, done:] @ kernel[done:] + bias
    partial = np.empty((_blocks_of(inputs), len(x), units), dtype=x.dtype)
    share(_forward_partial, len(partial), x, np.ascontiguousarray(kernel.T), partial)
    return partial.sum(axis=0) + bias  # (blocks, batch, units) -> (batch, units), in fixed order


def dense_grad_input(dy, kernel):
    """See naive.dense_grad_input."""
    dx = np.empty((len(dy), len(kernel)), dtype=dy.dtype)
    grad_input_into(dy, kernel, dx)
    return dx


def grad_input_into(dy, kernel, dx):
    """`dense_grad_input` into memory that is there: (batch, inputs), dtype of dy."""
    inputs, units = kernel.shape
    if units >= WIDE:
        dx_blocks, block = _cut_inputs(dx, units)
        done = len(dx_blocks) * block
        # (inputs, units) -> (blocks, block, units) -> (blocks, units, block)
        kernel_blocks = kernel[:done].reshape(-1, block, units).transpose(0, 2, 1)
        share(_grad_input_blocks, len(dx_blocks), dy, kernel_blocks, dx_blocks)
        dx[:, done:] = dy @ kernel[done:].T
    else:
        share(_grad_input, _blocks_of(inputs), dy, np.ascontiguousarray(kernel.T), dx)


def dense_grad_kernel(x, dy):
    """See naive.dense_grad_kernel."""
    dkernel = np.empty((x.shape[1], dy.shape[1]), dtype=dy.dtype)
    grad_kernel_into(x, dy, dkernel)
    return dkernel


def grad_kernel_into(x, dy, dkernel):
    """`dense_grad_kernel` into memory that is there: (inputs, units), dtype of dy."""
    units = dy.shape[1]
    if units >= WIDE:
        x_blocks, block = _cut_inputs(x, units)
        done = len(x_blocks) * block
        dkernel_blocks = dkernel[:done].reshape(-1, block, units)
        share(_grad_kernel_blocks, len(x_blocks), x_blocks, dy, dkernel_blocks)
        dkernel[done:] = x[:, done:].T @ dy
        return
    dtaps = np.empty((units, x.shape[1]), dtype=dy.dtype)
    share(_grad_kernel, _blocks_of(x.shape[1]), x, dy, dtaps)
    dkernel[...] = dtaps.T  # (units, inputs) -> (inputs, units)


def grad_bias(dy):
    """See naive.grad_bias."""
    partial = np.zeros(((len(dy) + ROWS - 1) // ROWS, dy.shape[1]), dtype=dy.dtype)
    share(_column_sums, len(partial), dy, partial)
    return partial.sum(axis=0)  # (blocks, features) -> (features,)


def _blocks_of(inputs):
    return (inputs + BLOCK - 1) // BLOCK


def _cut_inputs(x, units):
    """x (batch, inputs) as (blocks, batch, block), a view without the last few inputs."""
    batch, inputs = x.shape
    block = min(inputs, max(32, SMALL_PRODUCT // (batch * units)))
    blocks = inputs // block
    # (batch, inputs) -> (batch, blocks, block) -> (blocks, batch, block)
    return x[:, : blocks * block].reshape(batch, blocks, block).transpose(1, 0, 2), block


def _forward_groups(x_blocks, kernel_blocks, partial, start, stop):
    for group in range(start, stop):
        blocks = slice(group * GROUP, (group + 1) * GROUP)
        partial[group] = np.matmul(x_blocks[blocks], kernel_blocks[blocks]).sum(axis=0)


def _grad_input_blocks(dy, kernel_blocks, dx_blocks, start, stop):
    np.matmul(dy, kernel_blocks[start:stop], out=dx_blocks[start:stop])


def _grad_kernel_blocks(x_blocks, dy, dkernel_blocks, start, stop):
    # (blocks, batch, block) -> (blocks, block, batch)
    np.matmul(x_blocks[start:stop].transpose(0, 2, 1), dy, out=dkernel_blocks[start:stop])


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


@summing_kernel
def _grad_input(dy, taps, dx, start, stop):
    for block in range(start, stop):
        for n in range(dy.shape[0]):
            dx_block = dx[n, block * BLOCK : (block + 1) * BLOCK]
            for u in range(taps.shape[0]):
                weights = taps[u, block * BLOCK : (block + 1) * BLOCK]
                dy_u = dy[n, u]
                if u == 0:
                    for i in range(dx_block.size):
                        dx_block[i] = dy_u * weights[i]
                else:
                    for i in range(dx_block.size):
                        dx_block[i] += dy_u * weights[i]


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


@summing_kernel
def _column_sums(dy, partial, start, stop):
    rows, features = dy.shape
    for block in range(start, stop):
        for row in range(block * ROWS, min((block + 1) * ROWS, rows)):
            for f in range(features):
                partial[block, f] += dy[row, f]
