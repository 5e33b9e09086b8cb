"""The compiled loop behind `affine.resample` for fill_mode "nearest", the one that training uses.

It works row by row in two steps: first where each pixel of the row comes from, then its value.
So the first step, plain arithmetic, runs on many pixels at once, and what it leaves for the
second stays in the processor's nearest cache. `affine.bilinear` says in NumPy what the second
step computes.
"""

import numpy as np

from minicnn.kernels.runtime.jit import kernel

# Numbers are given their 32-bit types one by one: left alone, numba widens them to 64 bits,
# of which the processor handles half as many at once.
f32, i32, u32 = np.float32, np.int32, np.uint32


@kernel
def warp_images(images, chosen, matrices, flips, out):
    """Fill `out` with the bilinear values of each image at matrix @ (row, column, 1), then flip it.

    Positions outside the image take the nearest pixel of its edge.

    Parameters
    ----------
    images : (n, height, width, channels) array of numbers
        At least 2 x 2 pixels each.
    chosen : (batch,) int array
        Which of the images.
    matrices : (batch, 3, 3) float64 array
        From output to input pixels.
    flips : (batch, 2) bool array
        Whether the result is mirrored left-right, top-bottom.
    out : (batch, height, width, channels) float32 array
    """
    height, width, channels = images.shape[1:]
    pixels = np.empty(height * width, np.float32)
    for number in range(len(chosen)):
        for channel in range(channels):
            # Copied in order, so that they are in the cache when looked up out of order.
            image = images[chosen[number]]
            for row in range(height):
                for column in range(width):
                    pixels[row * width + column] = image[row, column, channel]
            plane = out[number, :, :, channel]
            warp_plane(pixels, matrices[number], flips[number, 0], flips[number, 1], plane)


@kernel
def warp_plane(pixels, matrix, flip_horizontal, flip_vertical, out):
    """One channel of one image: `pixels` (height * width,) float32 into `out` (height, width)."""
    height, width = out.shape
    last_row, last_column = f32(height - 1), f32(width - 1)
    last_top, last_left = i32(height - 2), i32(width - 2)
    row_step, column_step = f32(matrix[0, 1]), f32(matrix[1, 1])
    corner = np.empty(width, np.int32)  # the number of the neighbor at the top left
    down, across = np.empty(width, np.float32), np.empty(width, np.float32)  # distances to it
    right, below = u32(1), u32(width)
    for out_row in range(height):
        shown = f32(height - 1 - out_row if flip_vertical else out_row)
        first_row = f32(matrix[0, 0]) * shown + f32(matrix[0, 2])
        first_column = f32(matrix[1, 0]) * shown + f32(matrix[1, 2])
        for column in range(u32(width)):
            source_row = first_row + row_step * f32(i32(column))
            source_column = first_column + column_step * f32(i32(column))
            # This way round, a position that is no number becomes 0, too.
            source_row = source_row if source_row > f32(0) else f32(0)
            source_row = last_row if source_row > last_row else source_row
            source_column = source_column if source_column > f32(0) else f32(0)
            source_column = last_column if source_column > last_column else source_column
            top, left = i32(source_row), i32(source_column)
            # The last row and column have no neighbor behind them: they are the neighbor, with
            # all of the weight, of the ones before.
            top = top if top < last_top else last_top
            left = left if left < last_left else last_left
            down[column] = source_row - f32(top)
            across[column] = source_column - f32(left)
            corner[column] = i32(i32(top * i32(width)) + left)
        line = out[out_row]
        for column in range(u32(width)):
            first = u32(corner[column])
            second = u32(first + below)
            upper, lower = pixels[first], pixels[second]
            upper += (pixels[u32(first + right)] - upper) * across[column]
            lower += (pixels[u32(second + right)] - lower) * across[column]
            line[column] = upper + (lower - upper) * down[column]
        if flip_horizontal:
            for column in range(width // 2):
                opposite = width - 1 - column
                line[column], line[opposite] = line[opposite], line[column]
