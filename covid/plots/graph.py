"""The figure of a model's layers, drawn by `minicnn.drawing`."""

from pathlib import Path

from minicnn import drawing

DPI = 200  # as Keras' plot_model


def model_graph(contents: list, edges: list[tuple[int, int]], path: Path) -> Path:
    """Boxes and arrows of a model, as `minicnn.drawing.described` tells them."""
    drawing.save(drawing.draw(contents, edges), path, "png", DPI)
    return path
