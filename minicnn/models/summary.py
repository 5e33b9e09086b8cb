"""The table that `model.summary()` prints: one row for each layer, then the parameter counts.

It is, character by character, the table of Keras 3 on a terminal without colors: three columns
for a chain of layers, a fourth, "Connected to", where the graph branches.
"""

import re
import shutil
from collections.abc import Sequence

import numpy as np

from minicnn.arguments import shape_text
from minicnn.graph import Graph
from minicnn.layers.base import Layer
from minicnn.layers.node import Node
from minicnn.models.text_table import table_lines
from minicnn.reprs import html_table

# Each column: its heading, where it ends (fraction of the table's width), how text is put in it.
CHAIN_COLUMNS = (
    ("Layer (type)", 0.45, str.ljust),
    ("Output Shape", 0.80, str.ljust),
    ("Param #", 1.00, str.rjust),
)
BRANCHING_COLUMNS = (
    ("Layer (type)", 0.30, str.ljust),
    ("Output Shape", 0.56, str.ljust),
    ("Param #", 0.74, str.rjust),
    ("Connected to", 1.00, str.ljust),
)
CHAIN_WIDTH, BRANCHING_WIDTH = 88, 108  # characters, where the terminal has so many
TRAINABLE_WIDTH = 12  # more of them with that column
TERMINAL_MARGIN = 4  # characters that stay free at the terminal's right edge
NARROWEST = 36  # a table is not squeezed below this: no column would hold a word


def summary_text(
    model,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> str:
    """The summary of a model as text of several lines.

    Its width follows the terminal's (80 characters where there is none), up to 88 characters
    for a chain of layers and 108 for other graphs.

    Parameters
    ----------
    model : Model or Sequential
        A `Sequential` that does not know its input yet has "?" for shapes.
    line_length : int, optional
        Characters in a line of the table, instead of that width; at least 36 are taken.
    positions : sequence of float, optional
        Where each column ends, as fractions of the table's width: three, or four where the graph
        branches, rising to 1.
    show_trainable : bool
        Whether a last column says of each layer with parameters that it is trained (Y).
    layer_range : (str, str), optional
        Only the layers from the first whose name begins with the first regular expression to the
        last whose name begins with the second; the counts below the table are of all.

    Returns
    -------
    text : str
        Without a line break at the end.
    """
    columns, rows = columns_and_rows(model)
    width = CHAIN_WIDTH if columns is CHAIN_COLUMNS else BRANCHING_WIDTH
    if positions is not None:
        columns = with_positions(columns, positions)
    if show_trainable:
        width += TRAINABLE_WIDTH
        columns = with_trainable(columns)
        rows = [
            [*row, "Y" if layer.params else "-"]
            for row, layer in zip(rows, model.layers, strict=True)
        ]
    if layer_range is not None:
        first, last = range_of(model.layers, layer_range)
        rows = rows[first : last + 1]
    if line_length is None:
        line_length = min(width, shutil.get_terminal_size().columns - TERMINAL_MARGIN)
    table = table_lines(columns, rows, max(line_length, NARROWEST))
    return "\n".join([f'Model: "{model.name}"', *table, *parameter_lines(model)])


def with_positions(columns: tuple, positions: Sequence[float]) -> tuple:
    """The columns with other ends; ValueError unless there is a rising one for each, up to 1."""
    steps = np.diff([0, *positions])
    if len(positions) != len(columns) or min(steps) <= 0 or positions[-1] > 1:
        raise ValueError(
            f"summary: expected positions to be {len(columns)} rising fractions, up to 1, got "
            f"{list(positions)}"
        )
    return tuple(
        (heading, end, put) for (heading, _, put), end in zip(columns, positions, strict=True)
    )


def with_trainable(columns: tuple) -> tuple:
    """The columns closer together, and one more."""
    closer = [(heading, 0.9 * end, put) for heading, end, put in columns]
    return (*closer, ("Trainable", 1.0, str.center))


def range_of(layers: list[Layer], layer_range: Sequence[str]) -> tuple[int, int]:
    """Places of the first and the last layer of a range; ValueError where there is no such layer."""
    if isinstance(layer_range, str) or len(layer_range) != 2:
        raise ValueError(f"summary: expected layer_range to be two names, got {layer_range!r}")
    found = [
        [place for place, layer in enumerate(layers) if re.match(pattern, layer.name)]
        for pattern in layer_range
    ]
    if not all(found):
        raise ValueError(
            f"summary: expected layer_range to be two names of layers, got {list(layer_range)}; "
            f"there are {', '.join(layer.name for layer in layers)}"
        )
    first, last = min(found[0]), max(found[1])
    return (first, last) if first <= last else (min(found[1]), max(found[0]))


def summary_html(model) -> str:
    """The same table for a notebook."""
    columns, rows = columns_and_rows(model)
    headings = [heading for heading, _, _ in columns]
    align = "".join(">" if put is str.rjust else "<" for _, _, put in columns)
    note = "\n".join(parameter_lines(model))
    return html_table(f'Model: "{model.name}"', headings, rows, align, note)


def columns_and_rows(model) -> tuple[tuple, list[list[str]]]:
    """The columns that fit the model, and the texts below them: a row for each layer."""
    if not model.built:
        return CHAIN_COLUMNS, unbuilt_rows(model)
    rows = layer_rows(model)
    if is_chain(model.graph):
        return CHAIN_COLUMNS, rows
    uses = uses_by_layer(model.graph)
    for row, layer in zip(rows, model.layers, strict=True):
        row.append(connections(uses, layer))
    return BRANCHING_COLUMNS, rows


def is_chain(graph: Graph) -> bool:
    """Whether every layer is used once and takes just what the layer before it gives."""
    pairs = zip(graph.nodes[:-1], graph.nodes[1:], strict=True)
    is_line = all(node.inputs == [before.output] for before, node in pairs)
    return is_line and len(graph.layers) == len(graph.nodes)


def uses_by_layer(graph: Graph) -> dict[Layer, list[Node]]:
    """For each layer its nodes in the graph; more than one where a layer is shared."""
    uses: dict[Layer, list[Node]] = {}
    for node in graph.nodes:
        uses.setdefault(node.layer, []).append(node)
    return uses


def layer_rows(model) -> list[list[str]]:
    """Name and class, output shape (of the last use) and parameter count of each layer."""
    uses = uses_by_layer(model.graph)
    return [
        [
            f"{layer.name} ({type(layer).__name__})",
            shape_text(uses[layer][-1].output.shape),
            f"{layer.count_params():,}",
        ]
        for layer in model.layers
    ]


def unbuilt_rows(model) -> list[list[str]]:
    """The same three columns while nothing but the names is known."""
    return [
        [f"{layer.label} ({type(layer).__name__})", "?", "0 (unbuilt)"] for layer in model.layers
    ]


def connections(uses: dict[Layer, list[Node]], layer: Layer) -> str:
    """Where a layer's inputs come from: `name[which use of that layer][which of its outputs]`.

    A layer of minicnn has one output, so the last number is always 0.
    """
    sources = [tensor.node for node in uses[layer] for tensor in node.inputs]
    if not sources:
        return "-"
    return ", ".join(
        f"{source.layer.name}[{uses[source.layer].index(source)}][0]" for source in sources
    )


def parameter_lines(model) -> list[str]:
    """How many values the model holds, and the memory they take.

    Once it has made a step, the optimizer's own values are counted too: its slots, the number
    of steps and the learning rate. (SGD without momentum and RMSprop without it keep a velocity
    here, which they do not in Keras; it is counted, since it takes memory.)
    """
    layers = model.graph.layers if model.built else []
    params = [param for layer in layers for param in layer.params.values()]
    count, size = sum(param.size for param in params), sum(param.nbytes for param in params)
    lines = [
        f" Trainable params: {count:,} ({readable_size(size)})",
        f" Non-trainable params: 0 ({readable_size(0)})",  # minicnn has no frozen layers
    ]
    if model.optimizer is not None and model.optimizer.iterations > 0:
        slots = [array for slot in model.optimizer.slots.values() for array in slot.values()]
        slot_count = sum(array.size for array in slots) + 2
        # as Keras stores them: the steps in 8 bytes, the learning rate in 4
        slot_size = sum(array.nbytes for array in slots) + 8 + 4
        lines.append(f" Optimizer params: {slot_count:,} ({readable_size(slot_size)})")
        count, size = count + slot_count, size + slot_size
    return [f" Total params: {count:,} ({readable_size(size)})", *lines]


def readable_size(size: float) -> str:
    """A number of bytes in the largest unit of which there is at least one."""
    units = ["B", "KB", "MB", "GB", "TB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.2f} {units[0]}"
