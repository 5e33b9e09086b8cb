"""The number of window positions and the padding, worked out by hand."""

import pytest

from minicnn.layers import windows

pytestmark = pytest.mark.usefixtures("backend")


@pytest.mark.parametrize(
    ("size", "window", "stride", "padding", "positions", "pads"),
    [
        (150, 3, 1, "valid", 148, (0, 0)),
        (7, 2, 2, "valid", 3, (0, 0)),
        (7, 2, 2, "same", 4, (0, 1)),
        (4, 4, 1, "same", 4, (1, 2)),
        (5, 3, 2, "same", 3, (1, 1)),
        (4, 1, 2, "same", 2, (0, 0)),
        (2, 5, 1, "same", 2, (2, 2)),
    ],
)
def test_positions_and_padding(size, window, stride, padding, positions, pads):
    assert windows.window_positions(size, window, stride, padding) == positions
    assert windows.padding_amounts(size, window, stride, padding) == pads
