"""Winograd's matrices are what the interpolation points give, and they give convolutions exactly.

That the kernels agree with the direct convolution on the shape grid is tested in test_fusion.py.
"""

import itertools
import random
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from benchmarks.roofline.accuracy import POINTS, by_matrices
from benchmarks.roofline.toom_cook import winograd_matrices
from minicnn.kernels.fused import winograd, winograd_tiles

POINTS_OF_F43 = [0, 1, -1, 2, -2]


def matrix_of(function, inputs: int, outputs: int) -> np.ndarray:
    """The matrix that a transform applies: its columns are what it makes of unit vectors."""
    columns = np.zeros((outputs, inputs))
    units = [np.ascontiguousarray(row) for row in np.eye(inputs)]
    function(*units, *columns)  # as vectors of `inputs` numbers: all columns at once
    return columns


def as_floats(matrix) -> np.ndarray:
    return np.array([[float(each) for each in row] for row in matrix])


def times(matrix, vector: list) -> list:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def direct(x: np.ndarray, kernel: np.ndarray, height: int, width: int) -> np.ndarray:
    """The definition: tap by tap, a product over the channels."""
    return sum(
        x[:, row : row + height, col : col + width] @ kernel[row, col]
        for row, col in itertools.product(range(3), range(3))
    )


def test_matrices_of_the_kernels_are_those_of_the_points():
    a_t, g, b_t = (as_floats(each) for each in winograd_matrices(4, 3, POINTS_OF_F43))
    np.testing.assert_array_equal(matrix_of(winograd_tiles._times_bt, 6, 6), b_t)
    np.testing.assert_array_equal(matrix_of(winograd_tiles._add_b, 6, 6), b_t.T)
    np.testing.assert_array_equal(matrix_of(winograd_tiles._times_at, 6, 4), a_t)
    np.testing.assert_array_equal(matrix_of(winograd_tiles._times_a, 4, 6), a_t.T)
    np.testing.assert_array_equal(winograd.KERNEL_MATRIX, g)


def test_a_wrong_entry_would_be_noticed():
    b_t = as_floats(winograd_matrices(4, 3, [0, 1, -1, 2, -3])[2])
    assert (matrix_of(winograd_tiles._times_bt, 6, 6) != b_t).any()


@pytest.mark.parametrize(
    "outputs, taps, points",
    [
        (2, 3, [0, 1, -1]),
        (4, 3, POINTS_OF_F43),
        (3, 2, [5, Fraction(1, 3), -7]),
        (1, 4, [1, 2, 3]),
        *[(outputs, 3, points) for outputs, points in POINTS.items()],
    ],
)
def test_one_dimension_is_exact(outputs, taps, points):
    a_t, g, b_t = winograd_matrices(outputs, taps, points)
    draw = random.Random(outputs)
    kernel = [draw.randint(-99, 99) for _ in range(taps)]
    pixels = [draw.randint(-99, 99) for _ in range(outputs + taps - 1)]
    products = [u * v for u, v in zip(times(g, kernel), times(b_t, pixels), strict=True)]
    expected = [sum(kernel[i] * pixels[k + i] for i in range(taps)) for k in range(outputs)]
    assert times(a_t, products) == expected


def test_points_have_to_be_different_and_enough():
    for points in ([0, 1, -1, 2], [0, 1, -1, 2, 2], [0, 1, -1, 2, -2, 3]):
        with pytest.raises(ValueError, match="expected 5 different points"):
            winograd_matrices(4, 3, points)


def test_two_dimensions_are_exact_and_take_36_products():
    """Nested: along columns, then along rows."""
    a_t, g, b_t = (np.array(each, object) for each in winograd_matrices(4, 3, POINTS_OF_F43))
    draw = np.random.default_rng(1)
    kernel = draw.integers(-99, 99, (3, 3)).astype(object)
    pixels = draw.integers(-99, 99, (6, 6)).astype(object)
    products = (g @ kernel @ g.T) * (b_t @ pixels @ b_t.T)
    assert products.size == 36
    expected = [
        [(kernel * pixels[row : row + 3, col : col + 3]).sum() for col in range(4)]
        for row in range(4)
    ]
    assert (a_t @ products @ a_t.T).tolist() == expected


def test_transforms_and_their_transposes_are_adjoint(rng):
    """<B^T d, s> = <d, B s>, and the same for A: what backward relies on."""
    pairs = (
        (winograd_tiles._times_bt, winograd_tiles._add_b, 6, 6),
        (winograd_tiles._times_at, winograd_tiles._times_a, 6, 4),
    )
    for forward, transposed, inputs, outputs in pairs:
        d, s = rng.integers(-9, 9, (inputs, 7)) * 1.0, rng.integers(-9, 9, (outputs, 7)) * 1.0
        there, back = np.zeros_like(s), np.zeros_like(d)
        forward(*d, *there)
        transposed(*s, *back)
        assert (there * s).sum() == (d * back).sum()


def test_the_kernel_is_right_to_the_last_digits(rng):
    """Of float64, on whole numbers; only the 1/6 in G is rounded."""
    x = rng.integers(-9, 10, (2, 11, 7, 4)).astype(np.float64)
    kernel = rng.integers(-9, 10, (3, 3, 4, 8)).astype(np.float64)
    y = np.empty((2, 9, 5, 8))
    no_pads = ((0, 0), (0, 0))
    winograd.conv_forward(x, kernel, np.zeros(8), no_pads, False, False, y, None)
    expected = direct(x, kernel, 9, 5)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("outputs", sorted(POINTS))
def test_tiles_of_other_sizes_give_the_same_convolution(outputs, rng):
    size = 2 * outputs
    x = rng.standard_normal((1, size + 2, size + 2, 3))
    kernel = rng.standard_normal((3, 3, 3, 5))
    found = by_matrices(x, kernel, outputs, POINTS[outputs])
    np.testing.assert_allclose(found, direct(x, kernel, size, size), rtol=0, atol=1e-9)


def test_the_page_shows_these_matrices():
    """The matrices in WINOGRAD.md, read from the page."""
    page = Path(winograd.__file__).with_name("WINOGRAD.md").read_text(encoding="utf-8")
    bars = [line.split("|") for line in page.splitlines() if re.match(r"^ .*\|[ \d/-]+\|", line)]
    rows = [[[Fraction(n) for n in cell.split()] for cell in line[1::2]] for line in bars]
    a_t, g, b_t = winograd_matrices(4, 3, POINTS_OF_F43)
    powers = [[Fraction(p) ** k for k in range(3)] for p in POINTS_OF_F43] + [[0, 0, 1]]
    a = [list(column) for column in zip(*a_t, strict=True)]
    assert [line[0] for line in rows[:6]] == powers
    assert [line[1] for line in rows[:6]] == a
    assert [line[0] for line in rows[6:12]] == b_t
    assert [line[0] for line in rows[12:18]] == g
