"""Objects as one line of text, for `repr`, and tables in HTML, for notebooks."""

import html
import inspect
import reprlib
from collections.abc import Mapping, Sequence

BRIEFLY = reprlib.Repr()
BRIEFLY.maxother = BRIEFLY.maxstring = 60  # characters


class OneLine:
    """A `repr` of one line that says what matters: `<Dense dense: 10 units, unbuilt>`.

    A class writes `one_line`, the text between the brackets. Where that fails, as in an object
    that is half made, `repr` is Python's own: a debugger shows objects at any time.
    """

    def one_line(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        try:
            return "<" + " ".join(self.one_line().split()) + ">"
        except Exception:
            return object.__repr__(self)


def titled(title: str, facts: Sequence[str]) -> str:
    """ "title: fact, fact", or the title alone where there are none."""
    return f"{title}: {', '.join(facts)}" if facts else title


def settings_texts(owner: type, settings: Mapping) -> list[str]:
    """Sizes, and what was set to something else than its default: ["6 filters 3x3", "padding same"].

    Parameters
    ----------
    owner : class
        Whose constructor has the defaults.
    settings : dict
        Argument name to value. Sizes are put behind the setting before them.
    """
    defaults = {}
    for one in reversed(owner.__mro__):
        arguments = inspect.signature(one.__init__).parameters.values()
        defaults.update({argument.name: argument.default for argument in arguments})
    texts: list[str] = []
    for name, value in settings.items():
        is_size = name.endswith("_size") and is_pair(value)
        is_default = name in defaults and value_text(value) == value_text(defaults[name])
        if is_size and texts:
            texts[-1] += f" {value_text(value)}"
        elif is_size or not is_default:
            texts.append(setting_text(name, value))
    return texts


def setting_text(name: str, value) -> str:
    """ "relu", "3x3", "6 filters", "rate 0.5"."""
    if name == "activation" or (name.endswith("_size") and is_pair(value)):
        return value_text(value)
    if type(value) is int and name.endswith("s"):
        return counted(value, name)
    return f"{name} {value_text(value)}"


def value_text(value) -> str:
    """A value, briefly."""
    if isinstance(value, str):
        return value
    if is_pair(value):
        return f"{value[0]}x{value[1]}"
    return f"{value:g}" if isinstance(value, float) else BRIEFLY.repr(value)


def is_pair(value) -> bool:
    """Whether it is (height, width)."""
    return isinstance(value, tuple) and [type(one) for one in value] == [int, int]


def counted(count: int, things: str) -> str:
    """ "1 filter", "6 filters"; `things` is a plural with an s."""
    return f"{count:,} {things if count != 1 else things.removesuffix('s')}"


def html_table(
    caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]], align: str, note: str = ""
) -> str:
    """A table as HTML, without styles or scripts from elsewhere; all texts are escaped.

    Parameters
    ----------
    caption : str
        In front of the table.
    headings, rows : texts
    align : str
        "<" or ">" for each column.
    note : str
        Behind the table; may have several lines.
    """
    sides = ["left" if one == "<" else "right" for one in align]

    def row(kind: str, texts: Sequence[str]) -> str:
        cells = [
            f'<{kind} style="text-align: {side}">{html.escape(text)}</{kind}>'
            for side, text in zip(sides, texts, strict=True)
        ]
        return f"<tr>{''.join(cells)}</tr>"

    body = "\n".join(row("td", texts) for texts in rows)
    below = f"\n<div>{'<br>'.join(map(html.escape, note.splitlines()))}</div>" if note else ""
    return (
        f"<div><b>{html.escape(caption)}</b></div>\n"
        f"<table>\n<thead>{row('th', headings)}</thead>\n<tbody>\n{body}\n</tbody>\n</table>{below}"
    )
