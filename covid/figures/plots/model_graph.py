"""The figure of a model's layers, drawn by `minicnn.drawing`."""

from pathlib import Path

from covid.figures.plots.canvas import drawn, write
from minicnn.drawing import draw_described

DPI = 120


def model_graph(contents: list, edges: list[tuple[int, int]], path: Path) -> Path:
    """Boxes and arrows of a model, as `minicnn.drawing.described` gives them."""
    figure = draw_described(contents, edges)
    figure.set(facecolor="white", dpi=DPI)
    return write(drawn(figure), path)
