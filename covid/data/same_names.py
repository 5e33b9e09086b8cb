"""Names that mean the same: letters with accents have two Unicode forms, and case may differ.

macOS hands out decomposed names (e and an accent), most keyboards type composed ones (é).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


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
