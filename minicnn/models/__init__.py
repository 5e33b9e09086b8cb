"""Layers put together: `Sequential` for a chain, `Model` for any directed graph."""

from minicnn.models.model import Model
from minicnn.models.sequential import Sequential
from minicnn.saving.weights import load_model

__all__ = ["Model", "Sequential", "load_model"]
