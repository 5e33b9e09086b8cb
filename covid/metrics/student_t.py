"""Student's t distribution: how far the mean of a few values may be from the truth.

With few values their own spread is known badly, and the normal distribution's 1.96 would give
intervals that are too narrow: for 5 values it takes 2.78, for 2 even 12.71 (Student 1908, "The
probable error of a mean").
"""

import math
from collections.abc import Sequence


def central_probability(t: float, degrees: int) -> float:
    """Probability that a t-distributed value lies in [-t, t].

    With theta = atan(t / sqrt(degrees)), for an odd number of degrees

        2/pi * (theta + sin(theta) * (cos(theta) + 2/3 cos(theta)**3 + 2*4/(3*5) cos(theta)**5 ...))

    and for an even one

        sin(theta) * (1 + 1/2 cos(theta)**2 + 1*3/(2*4) cos(theta)**4 + ...)

    up to the power degrees - 2. Source: Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.

    `t` is not negative; there is at least one degree of freedom.
    """
    theta = math.atan(t / math.sqrt(degrees))
    odd = degrees % 2
    power = odd
    term = math.cos(theta) if odd else 1.0
    total = 0.0
    while power <= degrees - 2:
        total += term
        term *= (power + 1) / (power + 2) * math.cos(theta) ** 2
        power += 2
    if odd:
        return 2 / math.pi * (theta + math.sin(theta) * total)
    return math.sin(theta) * total


def t_quantile(probability: float, degrees: int) -> float:
    """The t for which `central_probability` is `probability`, by bisection.

    `probability` is in (0, 1): 0.95 for a 95 % interval.
    """
    low, high = 0.0, 1.0
    while central_probability(high, degrees) < probability:
        low, high = high, 2 * high
    while True:
        middle = (low + high) / 2
        if middle in (low, high):  # neighbors: no float lies between them
            return middle
        if central_probability(middle, degrees) < probability:
            low = middle
        else:
            high = middle


def t_interval(values: Sequence[float], probability: float = 0.95) -> tuple[float, float, float]:
    """Mean of at least two values, and the interval in which the true mean is expected.

        mean -+ t * s / sqrt(n),    s**2 = sum((value - mean)**2) / (n - 1)

    with t of n - 1 degrees of freedom. It assumes independent values. Returned are
    mean, low end, high end.
    """
    n = len(values)
    mean = math.fsum(values) / n
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    reach = t_quantile(probability, n - 1) * spread / math.sqrt(n)
    return mean, mean - reach, mean + reach
