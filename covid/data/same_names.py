"""Names that mean the same: letters with accents have two Unicode forms, and case may differ.

macOS hands out decomposed names (e and an accent), most keyboards type composed ones (é).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


def composed(name: str) -> str:
    """The name in the one Unicode form in which names are compared."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """The name as Windows and macOS compare it: without case."""
    return composed(name).casefold()


def meant(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that somebody means who writes `name`; None if there is none, or several.

    An equal name comes before one in the other Unicode form, and that before one in another case.
    """
    for same in (str, composed, folded):
        found = [one for one in names if same(one) == same(name)]
        if len(found) == 1:
            return found[0]
    return None


def distinct(names: Sequence[str]) -> list[str]:
    """The names, with _2, _3, ... behind those that came before: different for Windows and macOS.

    A name with such an end is never one of the others.
    """
    taken = {folded(name) for name in names}
    last: dict[str, int] = {}  # by name, the number given last
    found = []
    for name in names:
        key = folded(name)
        number = last.get(key, 0) + 1
        while number > 1 and folded(f"{name}_{number}") in taken:
            number += 1
        last[key] = number
        found.append(name if number == 1 else f"{name}_{number}")
    return found
