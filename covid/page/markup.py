"""HTML elements as text: everything is escaped unless it is `Markup` already."""

import html
from collections.abc import Iterable, Sequence

from covid.common.errors import shown

VOID = ("img", "meta", "br")
# Elements that begin a new line of the file, for those who look into it.
ON_A_LINE = frozenset(
    ("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "footer")
    + ("h1", "h2", "h3", "p", "ul", "li", "dl", "dt", "div", "table", "tr", "figure", "svg")
    + ("details",)
)


class Markup(str):
    """HTML. Any other string is text, and is escaped when it becomes part of an element."""

    __slots__ = ()


def plain(value) -> str:
    """Text that a page can hold: control characters and bytes that are no text written out."""
    return shown(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def escaped(value) -> Markup:
    """A child of an element, or the value of an attribute."""
    return value if isinstance(value, Markup) else Markup(html.escape(plain(value)))


def join(children: Iterable, between: str = "") -> Markup:
    """Several children in a row; None is left out."""
    return Markup(escaped(between).join(escaped(child) for child in children if child is not None))


def tag(name: str, /, *children, **attributes) -> Markup:
    """An element.

    Parameters
    ----------
    name : str
    *children
        Markup, or text to be escaped; None is left out.
    **attributes
        `class_` and `for_` lose their underscore at the end, others get hyphens for underscores;
        None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    line = "\n" if name in ON_A_LINE else ""
    if name in VOID:
        return Markup(f"{line}<{name}{given}>")
    return Markup(f"{line}<{name}{given}>{join(children)}</{name}>")


def paragraph(*children, **attributes) -> Markup:
    return tag("p", *children, **attributes)


def listing(items: Iterable, kind: str = "ul") -> Markup:
    """A list, one item a line."""
    return tag(kind, *(tag("li", item) for item in items))


def section(name: str, title: str, *children) -> Markup:
    """A section with its heading; `name` is what links lead to."""
    heading = tag("h2", title, id=name)
    return tag("section", heading, *children, aria_labelledby=name)


def table(
    caption: str,
    header: Sequence,
    rows: Iterable[Sequence],
    note: str | None = None,
    kind: str | None = None,
) -> Markup:
    """A table in a box that scrolls sideways where the page is too narrow.

    Parameters
    ----------
    caption : str
    header : sequence
        The titles of the columns.
    rows : iterable of sequences
        The first cell of a row is its title.
    note : str, optional
        Small print below.
    kind : str, optional
        A class of the style sheet.
    """
    head = tag("tr", *(tag("th", cell, scope="col") for cell in header))
    body = [
        tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in rest))
        for first, *rest in rows
    ]
    whole = tag(
        "table",
        tag("caption", tag("span", caption)),
        tag("thead", head),
        tag("tbody", *body),
        class_=kind,
    )
    box = tag("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")
    small = tag("p", note, class_="note") if note else None
    return tag("div", box, small, class_="tabled")


def folded(summary: str, *children) -> Markup:
    """What few will read: one line until it is opened; on paper it is open (see `style`)."""
    return tag("details", tag("summary", summary), *children)
