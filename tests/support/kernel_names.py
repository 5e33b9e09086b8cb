"""The names of all kernels, which all three backends have."""

from minicnn.kernels import naive

KERNELS = sorted(name for name, value in vars(naive).items() if callable(value))
