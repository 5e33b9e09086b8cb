"""What is written in the box of a layer, how much room that takes, and drawing it.

All measures are in points (1/72 inch); y runs downwards.
"""

from typing import TYPE_CHECKING, NamedTuple

from minicnn.arguments import shape_text

if TYPE_CHECKING:
    from minicnn.layers.node import Node

FONT = "DejaVu Sans"  # comes with matplotlib, so that the figure is the same everywhere
HEADER_SIZE, LINE_SIZE = 11.0, 9.5  # of the letters; those of the header are bold
LINE_HEIGHT = LINE_SIZE * 1.35
PADDING = 8.0  # around the text
HEADER_HEIGHT = HEADER_SIZE * 1.35 + 2 * PADDING


class Content(NamedTuple):
    """The text of a box: "conv2d (Conv2D)" or "Conv2D", and below it a line for each shape."""

    header: str
    lines: list[str]

    def size(self) -> tuple[float, float]:
        """(width, height) of the box."""
        widths = [text_width(self.header, HEADER_SIZE)]
        widths += [text_width(line, LINE_SIZE) for line in self.lines]
        below = len(self.lines) * LINE_HEIGHT + 2 * PADDING if self.lines else 0.0
        return max(widths) + 2 * PADDING, HEADER_HEIGHT + below

    def draw(self, axes, left: float, top: float) -> None:
        """Draw the box with its upper left corner there."""
        from matplotlib.patches import Rectangle

        width, height = self.size()
        middle = left + width / 2
        for high, color in ((height, "white"), (HEADER_HEIGHT, "black")):
            box = Rectangle((left, top), width, high, fc=color, ec="black", lw=1.2)
            axes.add_patch(box)
        write(axes, middle, top + HEADER_HEIGHT / 2, self.header, HEADER_SIZE, "white")
        for number, line in enumerate(self.lines):
            y = top + HEADER_HEIGHT + PADDING + (number + 0.5) * LINE_HEIGHT
            write(axes, middle, y, line, LINE_SIZE, "black")


class Shown(NamedTuple):
    """What is written in the boxes beside the layers' classes; see `plot_model`."""

    shapes: bool = False
    layer_names: bool = True
    dtype: bool = False
    activations: bool = False
    trainable: bool = False


def content_of(node: "Node", shown: Shown, dtype) -> Content:
    """The content of the box that stands for the use of a layer; dtype is that of its output."""
    kind = type(node.layer).__name__
    lines = []
    activation = node.layer.get_config().get("activation")
    if shown.activations and activation is not None:
        lines.append(f"activation: {activation}")
    if shown.shapes:
        tensors = [("input", tensor) for tensor in node.inputs] + [("output", node.output)]
        lines += [f"{name}: {shape_text(tensor.shape)}" for name, tensor in tensors]
    if shown.dtype:
        lines.append(f"dtype: {dtype}")
    if shown.trainable and node.layer.params:
        lines.append("trainable")
    return Content(f"{node.layer.name} ({kind})" if shown.layer_names else kind, lines)


def font(size: float):
    """Our font in that size."""
    from matplotlib.font_manager import FontProperties

    weight = "bold" if size == HEADER_SIZE else "normal"
    return FontProperties(family=FONT, size=size, weight=weight)


def text_width(text: str, size: float) -> float:
    """How wide a line of text is."""
    from matplotlib.textpath import text_to_path

    return text_to_path.get_text_width_height_descent(text, font(size), ismath=False)[0]


def write(axes, x: float, y: float, text: str, size: float, color: str) -> None:
    """Center a line of text on a point, as it is: a dollar sign in a name starts no formula."""
    look = {"color": color, "font": font(size), "parse_math": False}
    axes.text(x, y, text, ha="center", va="center_baseline", **look)
