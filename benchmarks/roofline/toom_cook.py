"""Winograd's matrices, made from the points at which polynomials are evaluated.

The page minicnn/kernels/fused/WINOGRAD.md tells why this works.
"""

from fractions import Fraction

Matrix = list[list[Fraction]]


def winograd_matrices(outputs: int, taps: int, points: list) -> tuple[Matrix, Matrix, Matrix]:
    """A^T, G and B^T of F(outputs, taps): y = A^T ((G g) * (B^T d)), exactly.

    Parameters
    ----------
    outputs, taps : int
        Of a convolution in one dimension.
    points : list of int or Fraction
        outputs + taps - 2 different ones; infinity is added to them.

    Returns
    -------
    a_t : outputs rows of outputs + taps - 1 fractions
        Column i: the powers 0, 1, ... of point i; of infinity only the last one counts.
    g : outputs + taps - 1 rows of `taps`
        Row i: the powers of point i, divided by the product of its distances to the others.
    b_t : outputs + taps - 1 rows of as many
        Row i: the polynomial with a zero at each point but the i-th; last, at each point.

    Raises
    ------
    ValueError
        If there are not as many different points as needed.
    """
    points = [Fraction(point) for point in points]
    if len(set(points)) != outputs + taps - 2 or len(points) != len(set(points)):
        raise ValueError(
            f"winograd_matrices: expected {outputs + taps - 2} different points, got {points}"
        )
    infinite = [Fraction(0)] * (taps - 1) + [Fraction(1)]
    g, b_t = [], []
    for point in points:
        others = [other for other in points if other != point]
        distances = Fraction(1)
        for other in others:
            distances *= point - other
        g.append([point**k / distances for k in range(taps)])
        b_t.append([*polynomial(others), Fraction(0)])
    g.append(infinite)
    b_t.append(polynomial(points))
    a_t = [[point**k for point in points] + [Fraction(k == outputs - 1)] for k in range(outputs)]
    return a_t, g, b_t


def polynomial(zeros: list[Fraction]) -> list[Fraction]:
    """Coefficients, the lowest power first, of the product of (x - zero) over all zeros."""
    coefficients = [Fraction(1)]
    for zero in zeros:
        moved_up = [Fraction(0), *coefficients]
        scaled = [*(zero * each for each in coefficients), Fraction(0)]
        coefficients = [up - down for up, down in zip(moved_up, scaled, strict=True)]
    return coefficients
