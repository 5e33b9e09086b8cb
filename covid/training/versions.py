"""Versions of everything that can change a result."""

import platform

import cv2
import numba
import numpy as np
import PIL

import minicnn


def versions() -> dict[str, str]:
    """Name -> version, of this program, Python and the libraries that compute."""
    return {
        "minicnn": minicnn.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "numba": numba.__version__,
        "pillow": PIL.__version__,
    }
