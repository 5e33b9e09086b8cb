"""How the pixels of an image file are stored: gray or color, how many bits, read from its header.

Reading as gray (`covid.data.images.read_gray`) hides this, and it may give a class away: one hospital
exports gray images, the other one colored screenshots.
"""

from __future__ import annotations

from minicnn.preprocessing.image_header import bit_depth, open_image

NAMES = {"1": "gray", "L": "gray", "I": "gray", "LA": "gray + alpha", "P": "palette"}


def pixel_mode(data: bytes) -> str:
    """Return such as "gray, 8 bit" or "RGBA, 8 bit" for the bytes of a readable image file."""
    image = open_image(data)
    mode = image.mode.partition(";")[0]
    return f"{NAMES.get(mode, mode)}, {bit_depth(image, data)} bit"
