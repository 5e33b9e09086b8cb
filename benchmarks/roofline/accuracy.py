"""What Winograd's method costs in accuracy: float32 against float64, tile by tile size.

The images, kernel and sizes are those of cnn_dropout's second convolution, without relu and
pooling, which would hide errors.
"""

import numpy as np

from benchmarks.roofline.toom_cook import winograd_matrices
from minicnn.kernels.compiled import conv2d_forward
from minicnn.kernels.fused import winograd

# The usual points: small numbers and their negatives, and from 7 points on their inverses.
POINTS = {
    2: ["0", "1", "-1"],
    4: ["0", "1", "-1", "2", "-2"],
    6: ["0", "1", "-1", "2", "-2", "1/2", "-1/2"],
    8: ["0", "1", "-1", "2", "-2", "1/2", "-1/2", "3", "-3"],
}
NO_PADS = ((0, 0), (0, 0))


def measure_accuracy(batch: int = 2, size: int = 74) -> list[dict]:
    """Largest and root-mean-square error, relative to the largest output.

    Parameters
    ----------
    batch : int
    size : int
        Rows and columns of the images; `size` - 2 should be a multiple of 2, 4, 6 and 8.

    Returns
    -------
    rows : list of dict
        method : str; products : float, per output; largest, typical : float.
    """
    rng = np.random.default_rng(0)
    # what the layer before gives: relu's outputs
    x = np.maximum(rng.standard_normal((batch, size, size, 32)), 0)
    limit = np.sqrt(6 / (9 * 32 + 9 * 64))  # Glorot and Bengio's, as a new layer has it
    kernel = rng.uniform(-limit, limit, (3, 3, 32, 64))
    x, kernel = x.astype(np.float32).astype(np.float64), kernel.astype(np.float32)
    exact = conv2d_forward(x, kernel.astype(np.float64), np.zeros(64), (1, 1))
    x, bias = x.astype(np.float32), np.zeros(64, np.float32)
    rows = [row("direct", 9.0, conv2d_forward(x, kernel, bias, (1, 1)), exact)]
    y = np.empty(exact.shape, np.float32)
    winograd.conv_forward(x, kernel, bias, NO_PADS, False, False, y, None)
    rows.append(row("winograd.py, F(4x4,3x3)", 36 / 16, y, exact))
    for outputs, points in POINTS.items():
        y = by_matrices(x, kernel, outputs, points)
        products = ((outputs + 2) / outputs) ** 2
        rows.append(row(f"matrices in NumPy, F({outputs}x{outputs},3x3)", products, y, exact))
    return rows


def row(method: str, products: float, found: np.ndarray, exact: np.ndarray) -> dict:
    """One line of the table."""
    error, scale = np.abs(found - exact), np.abs(exact).max()
    return {
        "method": method,
        "products": products,
        "largest": float(error.max() / scale),
        "typical": float(np.sqrt((error**2).mean()) / scale),
    }


def by_matrices(x: np.ndarray, kernel: np.ndarray, outputs: int, points: list) -> np.ndarray:
    """The convolution by F(outputs x outputs, 3x3), all in the dtype of x; plain NumPy.

    Parameters
    ----------
    x : (batch, size, size, channels), where size - 2 is a multiple of `outputs`
    kernel : (3, 3, channels, filters)
    outputs : int
    points : list
        See `winograd_matrices`.
    """
    a_t, g, b_t = (
        np.array(each, dtype=np.float64).astype(x.dtype)
        for each in winograd_matrices(outputs, 3, points)
    )
    windows = np.lib.stride_tricks.sliding_window_view(x, (outputs + 2,) * 2, axis=(1, 2))
    # (batch, rows, cols, channels, i, j), every `outputs`-th window
    d = windows[:, ::outputs, ::outputs]
    v = b_t @ d @ b_t.T
    u = np.tensordot(g, np.tensordot(g, kernel, (1, 0)), (1, 1))  # (j, i, channels, filters)
    # sum over channels, for each of the positions (i, j) -> (i, j, batch, rows, cols, filters)
    m = v.transpose(4, 5, 0, 1, 2, 3) @ u.swapaxes(0, 1)[:, :, None, None]
    y = a_t @ m.transpose(2, 3, 4, 5, 0, 1) @ a_t.T  # (batch, rows, cols, filters, a, b)
    batch, tile_rows, tile_cols, filters = y.shape[:4]
    # (batch, rows, cols, filters, a, b) -> (batch, rows, a, cols, b, filters)
    y = y.transpose(0, 1, 4, 2, 5, 3)
    return y.reshape(batch, tile_rows * outputs, tile_cols * outputs, filters)
