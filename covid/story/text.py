"""The story as plain text, and how its results are worded."""

from __future__ import annotations

import textwrap

from covid.audit.verdict import percent

WIDTH = 78  # letters in a line
INDENT = 24


def share(count: int, total: int) -> str:
    """ "9 of 10 (90 %)"."""
    return f"{count} of {total} ({percent(count, total)})"


def score(found: dict) -> str:
    """ "95 % (95 % interval 91 to 98 %)"."""
    low, high = found["acc_95_percent_interval"]
    if low is None:
        return f"{percent(found['acc'])} (too few patients for an interval)"
    return f"{percent(found['acc'])} (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"


def as_text(content: dict) -> str:
    """All chapters as plain text.

    Parameters
    ----------
    content : dict
        As `tell.tell` returns it.
    """
    lines = []
    for number, chapter in enumerate(content["chapters"], start=1):
        lines += ["", f"{number}. {chapter['chapter']}"]
        for title, key in (
            ("what was done", "done"),
            ("what it looks like", "looks"),
            ("what is true", "is"),
        ):
            lines.append(
                textwrap.fill(
                    chapter[key],
                    WIDTH,
                    initial_indent=f"   {title}: ".ljust(INDENT),
                    subsequent_indent=" " * INDENT,
                )
            )
    return "\n".join([*lines[1:], "", content["note"]])
