"""Layers put together: `Sequential` for a chain, `Model` for any directed graph."""

from minicnn.models import pickle  # noqa: F401 (registers how models are pickled)
from minicnn.models.load import load_model
from minicnn.models.model import Model
from minicnn.models.sequential import Sequential

__all__ = ["Model", "Sequential", "load_model"]
