"""Rotation, shift, shear and zoom of an image, as one matrix and one resampling.

The matrix is that of current Keras (keras.src.legacy.preprocessing.image), the resampling
that of `scipy.ndimage.affine_transform` with order=1, which Keras calls. Two oddities of
Keras are kept, because they are part of what "the same augmentation" means: see
`transform_matrix`.
"""

import numpy as np

FILL_MODES = ("nearest", "constant", "reflect", "wrap")
_SWAP = [1, 0, 2]


def transform_matrix(
    height: int,
    width: int,
    theta: float | np.ndarray = 0.0,
    tx: float | np.ndarray = 0.0,
    ty: float | np.ndarray = 0.0,
    shear: float | np.ndarray = 0.0,
    zx: float | np.ndarray = 1.0,
    zy: float | np.ndarray = 1.0,
) -> np.ndarray:
    """The matrix that takes an output pixel (row, column, 1) to the input pixel it shows.

    matrix = P C (R T S Z) C^-1 P, with

        R = rotation by theta           [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]
        T = shift                       [[1, 0, tx], [0, 1, ty], [0, 0, 1]]
        S = shear by an angle           [[1, -sin, 0], [0, cos, 0], [0, 0, 1]]
        Z = zoom                        diag(zx, zy, 1)
        C = from the center to the corner, (height / 2 - 0.5, width / 2 - 0.5)
        P = exchange of the two axes

    It points from the output to the input, so a zoom factor below 1 magnifies and a positive
    shift moves the picture towards row 0 or column 0.

    Keras builds the inner matrix for (x, y) but gives it (height, width), then applies P.
    Therefore `tx`, drawn from the *height* shift range, moves columns and `ty` moves rows,
    and on images that are not square the center of rotation is not the image's center. On
    square images with equal shift ranges neither shows. keras-preprocessing 1.1.2, of the
    article's time, had no P and put the center at size / 2 + 0.5: there the shear goes along
    the other axis and the center is one pixel further down and right.

    Parameters
    ----------
    height, width : int
        Of the image, pixels.
    theta, shear : float or (...) array
        Degrees. Arrays, all of one shape, make one matrix for each of their elements.
    tx, ty : float or (...) array
        Pixels.
    zx, zy : float or (...) array
        Factors, above 0.

    Returns
    -------
    ndarray, (..., 3, 3), float64
    """
    cos_theta, sin_theta = np.cos(np.deg2rad(theta)), np.sin(np.deg2rad(theta))
    cos_shear, sin_shear = np.cos(np.deg2rad(shear)), np.sin(np.deg2rad(shear))
    center_x, center_y = height / 2 - 0.5, width / 2 - 0.5
    shape = np.broadcast_shapes(*map(np.shape, (theta, tx, ty, shear, zx, zy)))
    rotation = _matrix(shape, [[cos_theta, -sin_theta, 0], [sin_theta, cos_theta, 0], [0, 0, 1]])
    shift = _matrix(shape, [[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    shearing = _matrix(shape, [[1, -sin_shear, 0], [0, cos_shear, 0], [0, 0, 1]])
    zoom = _matrix(shape, [[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    to_corner = _matrix((), [[1, 0, center_x], [0, 1, center_y], [0, 0, 1]])
    to_center = _matrix((), [[1, 0, -center_x], [0, 1, -center_y], [0, 0, 1]])
    matrix = to_corner @ (rotation @ shift @ shearing @ zoom) @ to_center
    return matrix[..., _SWAP, :][..., _SWAP]


def _matrix(shape: tuple[int, ...], entries: list[list]) -> np.ndarray:
    """A 3x3 matrix, or one for each element of the entries that are arrays of this shape."""
    matrix = np.empty((*shape, 3, 3))
    for row in range(3):
        for column in range(3):
            matrix[..., row, column] = entries[row][column]
    return matrix


def resample(
    images: np.ndarray,
    chosen: np.ndarray,
    matrices: np.ndarray,
    flips: np.ndarray,
    out: np.ndarray,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> None:
    """Give each output pixel the bilinear value of the input at matrix @ (row, column, 1).

    Parameters
    ----------
    images : ndarray, (n, height, width, channels)
        Any values; they are interpolated as float32, not scaled.
    chosen : ndarray, (batch,), int
        Which of the images make up the batch.
    matrices : ndarray, (batch, 3, 3), float64
        From output to input pixels, (row, column, 1).
    flips : ndarray, (batch, 2), bool
        Whether the result is then mirrored left-right, top-bottom.
    out : ndarray, (batch, height, width, channels), float32
        Where the result goes; not the memory of `images`.
    fill_mode : str
        What lies outside the image (a b c d): "nearest" a a|a b c d|d d; "reflect"
        b a|a b c d|d c; "constant" `cval` everywhere past the centers of the outermost
        pixels; "wrap" SciPy's wrap, whose period is one pixel less than the image, so that
        the first and the last pixel fall on each other.
    cval : float
        For "constant", in the units of the images.
    """
    if len(chosen) and not 0 <= min(chosen) <= max(chosen) < len(images):
        raise ValueError(  # the compiled loop would read beyond the array
            f"resample: expected images numbered 0 to {len(images) - 1}, got {min(chosen)} to "
            f"{max(chosen)}"
        )
    if fill_mode == "nearest" and min(images.shape[1:3]) > 1:
        from minicnn.preprocessing.warp_kernel import warp_images  # here, because it imports numba

        if images.dtype not in (np.uint8, np.float32) or not images.flags.c_contiguous:
            # The loop would be compiled anew for each type and layout, and not for all of them.
            images = np.array(images[chosen], dtype=np.float32, order="C")
            chosen = np.arange(len(chosen))
        warp_images(images, chosen, matrices, flips, out)
        return
    for position, index in enumerate(chosen):
        values = _resample_one(images[index], matrices[position], fill_mode, cval)
        out[position] = flipped(values, *flips[position])


def flipped(image: np.ndarray, horizontally: bool, vertically: bool) -> np.ndarray:
    """A view of an image (height, width, channels), mirrored left-right and top-bottom if asked."""
    image = image[:, ::-1] if horizontally else image
    return image[::-1] if vertically else image


def _resample_one(image: np.ndarray, matrix: np.ndarray, fill_mode: str, cval: float) -> np.ndarray:
    """One image (height, width, channels) by any fill mode, without flips, as float32."""
    if fill_mode in ("nearest", "reflect"):
        return _resample_opencv(image, matrix, fill_mode)
    height, width, _ = image.shape
    rows, columns = _source_positions(matrix, height, width)
    if fill_mode == "wrap":
        return bilinear(image, _wrap(rows, height), _wrap(columns, width))
    # Inside the image all borders give the same, so "constant" is "nearest" with the rest masked.
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    # (height, width) -> (height, width, 1), one decision for all channels
    values = _resample_opencv(image, matrix, "nearest")
    return np.where(inside[..., np.newaxis], values, np.float32(cval))


def _resample_opencv(image: np.ndarray, matrix: np.ndarray, fill_mode: str) -> np.ndarray:
    """By `cv2.warpAffine`, whose "nearest" and "reflect" are SciPy's."""
    import cv2

    height, width, channels = image.shape
    image = np.asarray(image, dtype=np.float32)
    border = {"nearest": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}[fill_mode]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # the matrix points from output to input
    column_first = matrix[_SWAP][:2, _SWAP]  # OpenCV counts (x, y), that is (column, row)

    def warp(pixels: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(pixels, column_first, (width, height), flags=flags, borderMode=border)

    if channels in (1, 3, 4):
        # OpenCV drops an axis of one channel: (height, width) -> (height, width, 1)
        return warp(np.ascontiguousarray(image)).reshape(image.shape)
    # For other numbers of channels OpenCV falls back to positions rounded to 1/32 pixel.
    planes = [warp(np.ascontiguousarray(image[..., channel])) for channel in range(channels)]
    return np.stack(planes, axis=-1)


def _source_positions(matrix: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The input row and column that each output pixel shows, two (height, width) float64."""
    out_rows = np.arange(height)[:, np.newaxis]
    out_columns = np.arange(width)[np.newaxis, :]
    rows = matrix[0, 2] + matrix[0, 0] * out_rows + matrix[0, 1] * out_columns
    columns = matrix[1, 2] + matrix[1, 0] * out_rows + matrix[1, 1] * out_columns
    return rows, columns


def _wrap(positions: np.ndarray, size: int) -> np.ndarray:
    """Bring positions into [0, size - 1] by steps of size - 1; those inside stay."""
    period = size - 1
    if period == 0:
        return np.zeros_like(positions)
    below = positions + period * (np.floor(-positions / period) + 1)
    above = positions - period * np.floor(positions / period)
    return np.where(positions < 0, below, np.where(positions > period, above, positions))


def bilinear(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear interpolation at positions inside the image.

    value = (1-v)(1-u) image[r, c] + (1-v) u image[r, c+1] + v (1-u) image[r+1, c]
    + v u image[r+1, c+1], with r, c the integer part of a position and v, u its fraction.

    Parameters
    ----------
    image : ndarray, (height, width, channels)
        The input.
    rows, columns : ndarray, (out_height, out_width), float64
        In [0, height - 1] and [0, width - 1].

    Returns
    -------
    ndarray, (out_height, out_width, channels), float32
    """
    height, width, _ = image.shape
    top, left = rows.astype(np.intp), columns.astype(np.intp)
    # On the last row or column the neighbor does not exist; its weight is 0 there.
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    # (out_height, out_width) -> (out_height, out_width, 1), the same weight for all channels
    down = (rows - top)[..., np.newaxis]
    across = (columns - left)[..., np.newaxis]
    upper = (1 - across) * image[top, left] + across * image[top, right]
    lower = (1 - across) * image[bottom, left] + across * image[bottom, right]
    return ((1 - down) * upper + down * lower).astype(np.float32)
