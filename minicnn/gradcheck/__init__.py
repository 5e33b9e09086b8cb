"""Checking gradients: does `backward` say what happens when an input is moved a little?

`numeric_gradient` moves each element up and down by a small step and looks at the slope that the
loss really has there: (loss(element + step) - loss(element - step)) / (2 * step). A layer's loss
is its output y weighted with random values dy, loss = sum(dy * y), so that `backward(dy)` is its
gradient:

    report = check_layer(Conv2D(4, 3), x)
    print(report)
    report.raise_if_wrong()

Read `numeric.py`, `compare.py`, `check.py`; `kinks.py` and `hints.py` judge what they find.
`python -m minicnn.gradcheck` checks one of every layer on all backends. Try it: change a sign
in a kernel's gradient, run it, and read what it says.
"""

from minicnn.gradcheck.check import check_layer, check_model
from minicnn.gradcheck.compare import GradientError
from minicnn.gradcheck.numeric import numeric_gradient
from minicnn.gradcheck.report import Report

__all__ = ["GradientError", "Report", "check_layer", "check_model", "numeric_gradient"]
