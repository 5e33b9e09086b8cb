"""The sheet that every figure is drawn on: its style, its title and note, its way to disk.

Only matplotlib's object interface is used (`Figure` and its Agg canvas), never `pyplot`: a
figure needs no screen, leaves no state behind and disturbs no notebook that imports this.
"""

import contextlib
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from covid.common.errors import UserError
from covid.common.made_files import atomic_write, make_folder

DPI = 160
PHONE = 4.1  # inches: sheets of images are as wide as a phone, so that a page need not shrink them
# Three colors of Okabe and Ito (2008) that stay apart with every kind of color blindness.
BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#666666"
GRID = {"color": "#dddddd", "linewidth": 0.6}
TITLE = 11  # size of what stands above axes and images, points
STYLE = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": TITLE,
    "legend.frameon": False,
    "text.parse_math": False,  # a "$" in a file name is a "$", not the start of a formula
}
# Sheets of images are dark, as a radiologist's screen is: readable on a light page and on a dark one.
PAPER, SOFT = "#15191d", "#a9b3bd"
DARK = {
    **dict.fromkeys(("figure.facecolor", "savefig.facecolor", "axes.facecolor"), PAPER),
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor"), "#e8ebee"),
    **dict.fromkeys(("xtick.color", "ytick.color", "axes.edgecolor"), SOFT),
}
# Level 1 of 9 without filter: the fastest, and the files are hardly larger than at the default.
ENCODE_SETTINGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
)
CAPTION_GAP = 0.06  # between an image and its caption, inches
NAME_POINTS = 8  # size of file names, in points of 1/72 inch
# File names are set in a typewriter face, because its letters all have the same known width.
NAME_FONT = {"family": "monospace", "fontsize": NAME_POINTS}
NAME_LETTER = 0.602 * NAME_POINTS / 72  # width of one letter of NAME_FONT, inches
NAME_LINE = 1.25 * NAME_POINTS / 72  # height of one line of NAME_FONT, inches


def require(condition: bool, path: str | Path, expected: str) -> None:
    """Raise UserError unless `condition` holds; `expected` is what the figure needs."""
    if not condition:
        raise UserError(f"{path}: expected {expected} to draw this figure; nothing is written")


@contextlib.contextmanager
def sheet(
    path: str | Path,
    title: str,
    note: str,
    width: float,
    height: float,
    by_hand: bool = False,
    dark: bool = False,
) -> Iterator[SubFigure]:
    """An area of `width` x `height` inches between title and note; written when the block ends.

    The file is either whole or as it was before; nothing is written if the drawing fails. With
    `by_hand`, all is placed by `Place` and `axes_at`; else matplotlib finds room for the axes of
    `subplots` and their labels, which takes a third of the time of a figure. `dark` is for
    images.

    UserError if `path` does not end in .png or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise UserError(f"{path}: expected a name that ends in .png, the only format there is")
    points = 14 if width > PHONE else TITLE
    title, note = wrap(title, width - 0.4, points), wrap(note, width - 0.4, 9)
    above = 0.018 * points * (title.count("\n") + 1) + 0.2
    below = 0.17 * (note.count("\n") + 1) + 0.15
    with matplotlib.rc_context(STYLE | (DARK if dark else {})), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # drawn as an empty box
        size = (width, above + height + below)
        figure = Figure(figsize=size, dpi=DPI, layout=None if by_hand else "constrained")
        head, body, foot = figure.subfigures(3, 1, height_ratios=[above, height, below])
        head.text(0.5, 0.5, title, fontsize=points, ha="center", va="center")
        foot.text(
            0.5, 0.5, note, fontsize=9, ha="center", va="center", color=SOFT if dark else GRAY
        )
        yield body
        pixels = drawn(figure)
    write(pixels, path)


def write(pixels: np.ndarray, path: Path) -> Path:
    """Write what `drawn` gives as a png, by OpenCV: it takes half the time of matplotlib's way.

    UserError if `path` cannot be written.
    """
    encoded = cv2.imencode(".png", pixels, ENCODE_SETTINGS)[1]
    try:
        make_folder(path.parent)
        with atomic_write(path) as temporary:
            temporary.write_bytes(encoded)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror or error}); check the disk and the "
            "folder's permissions"
        ) from None
    return path


def drawn(figure: Figure) -> np.ndarray:
    """The pixels of a figure, (height, width, 3) uint8, blue first as OpenCV has them."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # (height, width, 4) -> (height, width, 3): nothing shines through a white sheet
    return cv2.cvtColor(np.asarray(canvas.buffer_rgba()), cv2.COLOR_RGBA2BGR)


class Picture(Artist):
    """Pixels that are drawn as they are, without the axes that matplotlib has for images.

    `pixels` are (height, width, 4) uint8, red first; `left` and `bottom` are in pixels from the
    figure's lower left corner.
    """

    def __init__(self, pixels: np.ndarray, left: int, bottom: int):
        super().__init__()
        self.pixels, self.left, self.bottom = pixels, left, bottom

    def draw(self, renderer) -> None:
        context = renderer.new_gc()
        renderer.draw_image(context, self.left, self.bottom, self.pixels[::-1])  # upwards
        context.restore()


class Place(NamedTuple):
    """A rectangle in inches; left and top are from the top left corner of the sheet's free area."""

    left: float
    top: float
    width: float
    height: float


def picture_at(
    body: SubFigure, place: Place, image: np.ndarray, colors=None, standing: bool = False
) -> Place:
    """Draw an image as large as it fits into a place; returns the place that it takes.

    It is (height, width, 3) uint8, red first; or (height, width) uint8 with `colors`, a (256, 3)
    uint8 array of the color of each value. One that is wider than its place stands on the lower
    edge if `standing`, else in the middle.
    """
    scale = DPI * min(place.width / image.shape[1], place.height / image.shape[0])
    width, height = (max(1, round(scale * side)) for side in image.shape[1::-1])
    # Average what becomes one pixel; where an image has few pixels, let them be seen.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST if scale >= 3 else cv2.INTER_CUBIC
    pixels = cv2.resize(image, (width, height), interpolation=how)
    if colors is not None:
        pixels = colors[pixels]  # (height, width) -> (height, width, 3)
    spare = DPI * place.height - height
    left = round(body.bbox.x0 + DPI * place.left + (DPI * place.width - width) / 2)
    top = round(body.bbox.y1 - DPI * place.top - (spare if standing else spare / 2))
    body.add_artist(Picture(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), left, top - height))
    taken = left - body.bbox.x0, body.bbox.y1 - top, width, height
    return Place(*(side / DPI for side in taken))


def caption(body: SubFigure, place: Place, side: str, text: str, **style) -> None:
    """A text "above", "below" or, upwards, at the "left" of a place, in its middle."""
    middle = place.left + place.width / 2, place.top + place.height / 2
    x, y, style = {
        "above": (middle[0], place.top - CAPTION_GAP, {"va": "bottom"} | style),
        "below": (middle[0], place.top + place.height + CAPTION_GAP, {"va": "top"} | style),
        "left": (place.left - CAPTION_GAP, middle[1], {"va": "center", "rotation": 90} | style),
    }[side]
    align = "right" if side == "left" else "center"
    x, y = x * DPI / body.bbox.width, 1 - y * DPI / body.bbox.height
    body.text(x, y, text, **{"ha": align, "multialignment": "center"} | style)


def color_table(name: str) -> np.ndarray:
    """The 256 colors of one of matplotlib's color maps, (256, 3) uint8, red first."""
    return matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3]


def axes_at(
    body: SubFigure, left: float, top: float, width: float, height: float, **options
) -> Axes:
    """Axes at a place given in inches from the top left corner of the sheet's free area."""
    total = body.bbox.width / DPI, body.bbox.height / DPI
    corner = left / total[0], (total[1] - top - height) / total[1]
    return body.add_axes((*corner, width / total[0], height / total[1]), **options)


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
