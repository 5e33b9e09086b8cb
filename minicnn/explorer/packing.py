"""Arrays as JSON can hold them."""

import base64

import numpy as np

SAMPLED = 500  # of a larger array of minicnn's own numbers, so many are carried


def packed(array: np.ndarray, bits: int = 32) -> dict:
    """An array as its shape and its values, floats of so many bits, little-endian, in base64."""
    values = np.ascontiguousarray(array, dtype=f"<f{bits // 8}")
    text = base64.b64encode(values.tobytes()).decode()
    return {"shape": list(array.shape), "bits": bits, "values": text}


def sampled(array: np.ndarray) -> dict:
    """Every `step`-th value of a float64 array, as many as `SAMPLED` at most; and its largest."""
    flat = array.reshape(-1)
    step = -(-flat.size // SAMPLED)
    step += step % 2 == 0 and step > 1  # odd: else some channels would never be looked at
    largest = float(np.abs(flat).max(initial=0))
    return {"step": step, "largest": largest, **packed(flat[::step], 64)}
