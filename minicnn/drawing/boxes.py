"""The box of one layer: what is written in it, how much room that takes, and drawing it.

All measures are in points (1/72 inch); y runs downwards.
"""

from typing import TYPE_CHECKING, NamedTuple

from minicnn.arguments import shape_text
from minicnn.drawing.layout import Box

if TYPE_CHECKING:
    from minicnn.layers.node import Node

FONT = "DejaVu Sans"  # comes with matplotlib, so that the figure is the same everywhere
HEADER_SIZE, CELL_SIZE = 11.0, 9.5  # of the letters
LINE_HEIGHT = 1.35  # times the letters' size
PADDING = 8.0  # around the text of a cell
WORD_GAP = 4.0  # in the header, between name and class
FRAME, INNER_FRAME = 1.2, 0.8  # widths of the lines
CAPTION_COLOUR = "0.35"  # dark grey: the shapes matter more than their captions


class Content(NamedTuple):
    """What is written in a box.

    Attributes
    ----------
    name, kind : str
        The header: "conv2d" and "(Conv2D)", or "" and "Conv2D".
    cells : list of (str, list of str)
        A caption and the shapes below it, one a line: a merging layer has several inputs.
    """

    name: str
    kind: str
    cells: list[tuple[str, list[str]]]


def content_of(node: "Node", show_shapes: bool, show_layer_names: bool) -> Content:
    """The content of the box that stands for the use of a layer; see `plot_model`."""
    kind = type(node.layer).__name__
    name, kind = (node.layer.name, f"({kind})") if show_layer_names else ("", kind)
    cells: list[tuple[str, list[str]]] = []
    if show_shapes and node.inputs:
        found = [shape_text(tensor.shape) for tensor in node.inputs]
        cells.append(("Input shape", found))
    if show_shapes:
        cells.append(("Output shape", [shape_text(node.output.shape)]))
    return Content(name, kind, cells)


class Label:
    """A box with its content, measured.

    Attributes
    ----------
    name, kind, cells
        Of the content.
    size : (width, height) of the whole box
    """

    def __init__(self, content: Content):
        self.name, self.kind, self.cells = content
        self._measure()

    def _measure(self) -> None:
        """Find the size of the header, of each cell, and of the whole."""
        self.name_width = text_width(self.name, HEADER_SIZE, bold=True)
        kind_width = text_width(self.kind, HEADER_SIZE, bold=False)
        self.header_width = self.name_width + (WORD_GAP if self.name else 0.0) + kind_width
        self.header_height = HEADER_SIZE * LINE_HEIGHT + 2 * PADDING
        needed = [self._cell_width(caption, lines) for caption, lines in self.cells]
        width = max(self.header_width + 2 * PADDING, sum(needed))
        # A header wider than the cells makes all of them wider by the same amount.
        self.cell_widths = [one + (width - sum(needed)) / len(needed) for one in needed]
        height = self.header_height
        if self.cells:
            line_count = 1 + max(len(lines) for _, lines in self.cells)
            height += line_count * CELL_SIZE * LINE_HEIGHT + 2 * PADDING
        self.size = (width, height)

    @staticmethod
    def _cell_width(caption: str, lines: list[str]) -> float:
        widths = [text_width(line, CELL_SIZE, bold=True) for line in lines]
        return max(text_width(caption, CELL_SIZE, bold=False), *widths) + 2 * PADDING

    def draw(self, axes, box: Box) -> None:
        """Draw everything into `box`, which has this label's size."""
        header_bottom = box.top + self.header_height
        draw_box(axes, Box(box.left, box.top, box.width, self.header_height), "black", FRAME)
        # Pixels make text a little wider or narrower than it was measured, so both words are
        # put at the gap between them, which then has the same width everywhere.
        name_end = box.centre - self.header_width / 2 + self.name_width
        kind_start = name_end + (WORD_GAP if self.name else 0.0)
        y = box.top + self.header_height / 2
        if self.name:
            write(axes, name_end, y, self.name, HEADER_SIZE, "white", True, "right")
        write(axes, kind_start, y, self.kind, HEADER_SIZE, "white", False, "left")
        left = box.left
        for (caption, lines), width in zip(self.cells, self.cell_widths, strict=True):
            cell = Box(left, header_bottom, width, box.bottom - header_bottom)
            draw_box(axes, cell, "white", INNER_FRAME)
            y = cell.top + PADDING + CELL_SIZE * LINE_HEIGHT / 2
            write(axes, cell.centre, y, caption, CELL_SIZE, CAPTION_COLOUR, False, "center")
            for line in lines:
                y += CELL_SIZE * LINE_HEIGHT
                write(axes, cell.centre, y, line, CELL_SIZE, "black", True, "center")
            left += width
        draw_box(axes, box, "none", FRAME)


def text_width(text: str, size: float, bold: bool) -> float:
    """How wide a line of text is."""
    from matplotlib.textpath import text_to_path

    width, _, _ = text_to_path.get_text_width_height_descent(text, font(size, bold), ismath=False)
    return width


def font(size: float, bold: bool):
    """Our font in that size."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")


def write(axes, x: float, y: float, text: str, size: float, colour: str, bold: bool, align: str):
    """Put a line of text at a point, as it is: a dollar sign in a name starts no formula."""
    axes.text(
        x,
        y,
        text,
        color=colour,
        font=font(size, bold),
        ha=align,
        va="center_baseline",
        parse_math=False,
    )


def draw_box(axes, box: Box, fill: str, frame: float) -> None:
    """Draw a rectangle with a black frame."""
    from matplotlib.patches import Rectangle

    corner = (box.left, box.top)
    axes.add_patch(Rectangle(corner, box.width, box.height, fc=fill, ec="black", lw=frame))
