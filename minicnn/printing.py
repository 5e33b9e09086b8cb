"""Printing to terminals, files and pipes whose encoding does not have every character."""

import sys

# The table of a summary, in ASCII
PLAIN = str.maketrans("━─┃│┏┳┓┡╇┩├┼┤└┴┘…", "=-||++++++++++++.")


def print_text(text: str, flush: bool = False) -> None:
    """Print what stdout can encode: tables with ASCII rules, other characters as escapes."""
    print(encodable(text, getattr(sys.stdout, "encoding", None) or "utf-8"), flush=flush)


def encodable(text: str, encoding: str) -> str:
    """The text itself, or what is printed in its place."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate(PLAIN)
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    return text
