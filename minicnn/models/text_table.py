"""A table of text with rules, as Keras 3 prints it on a terminal without colors.

Text that is too wide for its column continues in the next line; a single word that is too wide ends
in an ellipsis. A column is (heading, where it ends as a fraction of the width, how text is put in).
"""

import textwrap


def table_lines(columns: tuple, rows: list[list[str]], width: int) -> list[str]:
    """The table with its rules, each line `width` characters long."""
    widths = text_widths([end for _, end, _ in columns], width)
    headings = [heading for heading, _, _ in columns]
    lines = [rule("┏━┳┓", widths)]
    lines += row_lines(headings, columns, widths, "┃", at_bottom=True)
    lines.append(rule("┡━╇┩", widths))
    for number, row in enumerate(rows):
        if number:
            lines.append(rule("├─┼┤", widths))
        lines += row_lines(row, columns, widths, "│", at_bottom=False)
    lines.append(rule("└─┴┘", widths))
    return lines


def text_widths(ends: list[float], width: int) -> list[int]:
    """How many characters of text each column holds.

    Of its share of the table, a column gives away three characters: a bar and a space on each
    side of the text. The bar that closes the table is taken from the last column but one.
    ValueError where nothing is left of one.
    """
    cuts = [0, *(int(end * width) for end in ends)]
    widths = [end - start - 3 for start, end in zip(cuts[:-1], cuts[1:], strict=True)]
    widths[-2] -= 1
    if min(widths) < 1:
        raise ValueError(f"summary: expected columns of at least 4 characters, got {width} in all")
    return widths


def rule(characters: str, widths: list[int]) -> str:
    """A horizontal rule, from four characters: left end, line, crossing, right end."""
    left, line, crossing, right = characters
    return left + crossing.join(line * (width + 2) for width in widths) + right


def row_lines(
    texts: list[str], columns: tuple, widths: list[int], bar: str, at_bottom: bool
) -> list[str]:
    """One row of the table: as many lines as its longest text needs."""
    cells = [wrap(text, width) for text, width in zip(texts, widths, strict=True)]
    height = max(len(cell) for cell in cells)
    for cell in cells:
        missing = [""] * (height - len(cell))
        cell[:] = missing + cell if at_bottom else cell + missing
    lines = []
    for parts in zip(*cells, strict=True):
        padded = (
            put(part, width)
            for part, width, (_, _, put) in zip(parts, widths, columns, strict=True)
        )
        lines.append(f"{bar} " + f" {bar} ".join(padded) + f" {bar}")
    return lines


def wrap(text: str, width: int) -> list[str]:
    """Break a text at spaces; end a word that is too wide by itself in an ellipsis."""
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
