"""The sheet that every figure is drawn on: its style, its title and note, its way to disk.

Only matplotlib's object interface is used (`Figure` and its Agg canvas), never `pyplot`: a
figure needs no screen, leaves no state behind and disturbs no notebook that imports this.
"""

import contextlib
import io
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from covid.errors import UserError
from minicnn.files import whole_file

DPI = 110
# Three colours of Okabe and Ito (2008) that stay apart with every kind of colour blindness.
BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#666666"
STYLE = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "legend.frameon": False,
    "text.parse_math": False,  # a "$" in a file name is a "$", not the start of a formula
}
NAME_POINTS = 8  # size of file names, in points of 1/72 inch
# File names are set in a typewriter face, because its letters all have the same known width.
NAME_FONT = {"family": "monospace", "fontsize": NAME_POINTS}
NAME_LETTER = 0.602 * NAME_POINTS / 72  # width of one letter of NAME_FONT, inches
NAME_LINE = 1.25 * NAME_POINTS / 72  # height of one line of NAME_FONT, inches


def require(condition: bool, path: str | Path, expected: str) -> None:
    """Raise UserError unless `condition` holds; `expected` says what there should be to draw."""
    if not condition:
        raise UserError(f"{path}: expected {expected} to draw this figure; nothing is written")


@contextlib.contextmanager
def sheet(
    path: str | Path, title: str, note: str, width: float, height: float
) -> Iterator[SubFigure]:
    """An area of `width` x `height` inches between title and note; written when the block ends.

    The file is either whole or as it was before; nothing is written if the drawing fails.

    Raises
    ------
    UserError
        If `path` does not end in .png or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise UserError(f"{path}: expected a name that ends in .png, the only format there is")
    title, note = wrap(title, width - 0.4, 14), wrap(note, width - 0.4, 9)
    above = 0.25 * (title.count("\n") + 1) + 0.2
    below = 0.17 * (note.count("\n") + 1) + 0.15
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # drawn as an empty box
        size = (width, above + height + below)
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        head, body, foot = figure.subfigures(3, 1, height_ratios=[above, height, below])
        head.text(0.5, 0.5, title, fontsize=14, ha="center", va="center")
        foot.text(0.5, 0.5, note, fontsize=9, ha="center", va="center", color=GRAY)
        yield body
        buffer = io.BytesIO()
        # Place everything now and be done with it: with a layout engine, `savefig` draws twice.
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine(None)
        # Level 1 of 9: a quarter of the time of the default, for a few per cent more bytes.
        figure.savefig(buffer, format="png", dpi=DPI, pil_kwargs={"compress_level": 1})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as temporary:
            temporary.write_bytes(buffer.getvalue())
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror or error}); check the disk and the "
            "folder's permissions"
        ) from None


def axes_at(body: SubFigure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches from the top left corner of the sheet's free area."""
    total_width, total_height = body.bbox.width / DPI, body.bbox.height / DPI
    bottom = total_height - top - height
    return body.add_axes(
        (left / total_width, bottom / total_height, width / total_width, height / total_height)
    )


def text_at(body: SubFigure, left: float, top: float, text: str, **style) -> None:
    """Text whose upper edge is at a place given in inches from the top left corner."""
    x, y = left * DPI / body.bbox.width, 1 - top * DPI / body.bbox.height
    body.text(x, y, text, va="top", **style)


def shorten(name: str, inches: float) -> str:
    """A file name in NAME_FONT on one or two lines, its middle left out if it is longer."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    per_line = int(inches / NAME_LETTER)
    if len(name) > 2 * per_line:
        name = f"{name[: per_line - 1]}…{name[-per_line:]}"
    if len(name) <= per_line:
        return name
    half = (len(name) + 1) // 2
    return f"{name[:half]}\n{name[half:]}"


def wrap(text: str, inches: float, points: float) -> str:
    """Text on lines of at most this width, for letters of 0.65 em: wider than most.

    Bytes of a file name that are no text become question marks: fonts cannot draw them.
    """
    text = text.encode("utf-8", "replace").decode()
    return textwrap.fill(text, max(8, int(inches * 72 / (0.65 * points))))
