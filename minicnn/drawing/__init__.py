"""The graph of a model as a figure, as from Keras' `plot_model`.

Every use of a layer is a box: a black header with the layer's name and class, and below it, on
request, the shapes of input and output and so on. Arrows follow the data, from top to bottom or
from left to right.

`boxes` measures and draws the boxes; `layout` decides where they go and how the arrows run. Only
matplotlib is needed, and it is imported when something is drawn.
"""

import os
from itertools import pairwise
from pathlib import Path

from minicnn.arguments import choice, real, refuse_unsupported
from minicnn.drawing.boxes import Content, Shown, content_of
from minicnn.drawing.figure_file import FigureFile
from minicnn.drawing.layout import ARROW_LENGTH, layered_layout
from minicnn.files import atomic_write
from minicnn.layers.input import InputLayer
from minicnn.layers.node import Node
from minicnn.models import Model, Sequential

FORMATS = ("png", "svg", "pdf")
MARGIN = 14.0  # around the figure, points
ARROW_WIDTH = 7.0  # of an arrow's head, points
POINTS_PER_INCH = 72


def plot_model(
    model: Model,
    to_file: str | os.PathLike = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Path:
    """Draw a model's layers and connections into a file.

    A layer that is used more than once has a box for each use.

    Parameters
    ----------
    model : Model or Sequential
        As in Keras, the input of a `Sequential` has no box of its own.
    to_file : path
        Ends in .png, .svg or .pdf, which decides the format. An existing file is replaced once
        the new one is complete.
    show_shapes : bool
        Whether boxes have lines with the shapes; None stands for the batch axis.
    show_layer_names : bool
        Whether the headers have the layers' names, or only their classes. True as in Keras 2;
        in Keras 3 the default is False.
    show_dtype : bool
        Whether there is a line with the output's dtype.
    show_layer_activations : bool
        Whether layers that take `activation=` have a line with it.
    show_trainable : bool
        Whether layers with parameters have a line that says so: all of them are trained.
    rankdir : {"TB", "LR"}
        Where the arrows go: from top to bottom or from left to right.
    dpi : float, optional
        Pixels per inch, for png, in [1, 10000]; those of matplotlib's settings if None.
    expand_nested
        Has no effect: there are no models inside of models.
    splines
        Keras' argument; accepted with its default only.

    Returns
    -------
    path : Path
        Of the file written; a notebook shows the picture (png and svg).

    Raises
    ------
    TypeError
        If `model` is no Model.
    ValueError
        For another file extension, an unsupported argument, or a model without layers.
    RuntimeError
        If a `Sequential` does not know its input yet.
    """
    if not isinstance(model, Model):
        raise TypeError(f"plot_model: expected a Model, got {type(model).__name__}")
    path = FigureFile(to_file)
    file_format = path.suffix.lower().removeprefix(".")
    if file_format not in FORMATS:
        raise ValueError(
            f"plot_model: expected a file name that ends in .png, .svg or .pdf, got {str(path)!r}"
        )
    choice(rankdir, ("TB", "LR"), "rankdir", "plot_model")
    refuse_unsupported("plot_model", {"splines": (splines, "ortho")})
    if dpi is not None:
        real(dpi, "dpi", "plot_model", 1, 10_000)
    shown = Shown(show_shapes, show_layer_names, show_dtype, show_layer_activations, show_trainable)
    figure = draw_described(*described(model, shown), across=rankdir == "LR")
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format=file_format, dpi=dpi, facecolor="white")
    return path


def described(model: Model, shown: Shown) -> tuple[list[Content], list[tuple[int, int]]]:
    """The boxes of a model in running order, and (source, target) indices into them."""
    nodes: list[Node] = [
        node
        for node in model.graph.nodes
        if not (isinstance(model, Sequential) and isinstance(node.layer, InputLayer))
    ]
    place = {node: index for index, node in enumerate(nodes)}
    edges = [
        (place[tensor.node], place[node])
        for node in nodes
        for tensor in node.inputs
        if tensor.node in place
    ]
    return [content_of(node, shown, model.dtype) for node in nodes], edges


def draw_described(contents: list[Content], edges: list[tuple[int, int]], across: bool = False):
    """What `described` gives as a `matplotlib.figure.Figure` that pyplot knows nothing of.

    It can be drawn by a process that does not have the model. `across`: from left to right, which
    is the layout of boxes turned on their side, mirrored.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    order = -1 if across else 1  # of x and y
    layout = layered_layout([content.size()[::order] for content in contents], edges)
    width, height = (side + 2 * MARGIN for side in (layout.width, layout.height)[::order])
    figure = Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH))
    FigureCanvasAgg(figure)
    # One unit of the axes is one point, so that boxes measured in points fit their text.
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-MARGIN, width - MARGIN)
    axes.set_ylim(height - MARGIN, -MARGIN)  # y downwards
    for route in layout.routes:
        draw_arrow(axes, route, order)
    for content, box in zip(contents, layout.boxes, strict=True):
        content.draw(axes, *(box.x - box.width / 2, box.top)[::order])
    return figure


def draw_arrow(axes, route: list[tuple[float, float]], order: int) -> None:
    """Draw an edge: straight past the boxes, in S-curves from rank to rank, with a head.

    `order` is -1 where x and y change places.
    """
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Line

    points, codes = [route[0]], [Line.MOVETO]
    for leg, (start, end) in enumerate(pairwise(route)):
        if leg % 2 == 0:
            points.append(end)
            codes.append(Line.LINETO)
        else:  # leaves and arrives vertically, and stays between the two ranks' boxes
            middle = (start[1] + end[1]) / 2
            points += [(start[0], middle), (end[0], middle), end]
            codes += [Line.CURVE4] * 3
    head = f"-|>,head_length={ARROW_LENGTH},head_width={ARROW_WIDTH / 2}"
    line = Line([point[::order] for point in points], codes)
    axes.add_patch(
        FancyArrowPatch(path=line, arrowstyle=head, mutation_scale=1, lw=1.4, fc="black")
    )
