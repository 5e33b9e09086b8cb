"""Mutants of a model file: plain damage, and edits that know what is inside.

`mutant(content, rng)` makes one. Damage of the bytes mostly ends at a checksum. So the other
edits change what the archive holds, its arrays' headers, its numbers, its description, and put
it together again with the right checksums.
"""

import json
import struct
from collections.abc import Callable

import numpy as np
from bad_models import described, npy, pack, unpack

ODD_VALUES = [
    *(None, True, False, 0, -1, 1, 2, 3, 7, 255, 2**31, 10**9, 2**63, 10**30, 0.5, 1e308, -0.0),
    *(float("nan"), float("inf"), "", "a", "../x", "\x1b[2J", "dense", "same", "Dense", "float16"),
    *([], {}, [1], [1, 1], [10**6, 10**6], [[[]]], {"name": "x"}, [None], "relu", "sigmoid"),
]
ODD_BYTES = [b"\0", b"\xff", b"PK", b"\x93NUMPY", b"\xff\xff\xff\xff", b"'", b"(", b"9" * 20]


def mutant(content: bytes, rng: np.random.Generator) -> bytes:
    """One file made from `content` by one edit, or up to three where it can be unpacked again."""
    edit = EDITS[rng.integers(len(EDITS))]
    for _ in range(1 if edit in (damage, edit_directory) else rng.integers(1, 4)):
        content = edit(content, rng)
    return content


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed, cut out, put in, doubled or cut off."""
    out = bytearray(content)
    first, second = sorted(int(place) for place in rng.integers(len(out), size=2))
    what = rng.integers(6)
    if what == 0:
        for place in rng.integers(len(out), size=rng.integers(1, 9)):
            out[place] ^= 1 << int(rng.integers(8))
    elif what == 1:
        del out[first : first + int(rng.integers(1, 64))]
    elif what == 2:
        out[first:first] = ODD_BYTES[rng.integers(len(ODD_BYTES))]
    elif what == 3:
        out[first:first] = out[second : second + 100]
    elif what == 4:
        out[first : first + 4] = ODD_BYTES[rng.integers(len(ODD_BYTES))]
    else:
        del out[first:]
    return bytes(out)


def edit_directory(content: bytes, rng: np.random.Generator) -> bytes:
    """Another number in an entry of the zip directory, in a local header, or at the end."""
    marks, sizes = (b"PK\1\2", b"PK\3\4", b"PK\5\6"), (46, 30, 22)
    which = rng.integers(3)
    places = [place for place in range(len(content)) if content.startswith(marks[which], place)]
    if not places:
        return content
    place = places[rng.integers(len(places))] + int(rng.integers(4, sizes[which] - 4))
    out = bytearray(content)
    field, odd = (("<H", (0, 1, 8, 99, 0xFFFF)), ("<L", (0, 1, 2**31, 2**32 - 1)))[rng.integers(2)]
    struct.pack_into(field, out, place, odd[rng.integers(len(odd))])
    return bytes(out)


def edit_members(content: bytes, rng: np.random.Generator) -> bytes:
    """A member taken away, doubled, renamed, cut, or given another's content."""
    members = unpack(content)
    if not members:
        return content
    index, other = rng.integers(len(members), size=2)
    name, data = members[index]
    what = rng.integers(5)
    if what == 0:
        del members[index]
    elif what == 1:
        members.append((name, data))
    elif what == 2:
        odd = ["../" + name, name[:-4], "/" + name, name + "\x1b", "weights//x.npy", "x.npy"]
        members[index] = odd[rng.integers(len(odd))], data
    elif what == 3:
        members[index] = name, data[: rng.integers(len(data) + 1)]
    else:
        members[index] = name, members[other][1]
    return pack(members)


def edit_header(content: bytes, rng: np.random.Generator) -> bytes:
    """Letters of an array's header changed, its length kept."""
    letters = b"0123456789(),' <>|fiOUcTrueFalse{}:-"

    def edit(data: bytearray) -> None:
        for place in rng.integers(6, 80, size=rng.integers(1, 4)):
            data[place] = letters[rng.integers(len(letters))]

    return with_a_member_edited(content, rng, edit)


def edit_numbers(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes of an array's numbers changed: weights that are huge, tiny, or no numbers."""

    def edit(data: bytearray) -> None:
        for place in rng.integers(128, len(data), size=rng.integers(1, 9)):
            data[place] = rng.integers(256)

    return with_a_member_edited(content, rng, edit)


def with_a_member_edited(
    content: bytes, rng: np.random.Generator, edit: Callable[[bytearray], None]
) -> bytes:
    """The archive with one member's bytes changed in place by `edit`."""
    members = unpack(content)
    index = rng.integers(len(members))
    name, data = members[index]
    out = bytearray(data)
    edit(out)
    members[index] = name, bytes(out)
    return pack(members)


def edit_description(content: bytes, rng: np.random.Generator) -> bytes:
    """A value of the description replaced, taken away, or put in twice."""
    description = described(content)
    places = [(description, key) for key in description]
    for holder, key in places:  # grows while it is gone through: all values at any depth
        value = holder[key]
        if isinstance(value, dict | list):
            places += [
                (value, inner)
                for inner in (value if isinstance(value, dict) else range(len(value)))
            ]
    holder, key = places[rng.integers(len(places))]
    what = rng.integers(5)
    if what == 0:
        del holder[key]
    elif what == 1 and isinstance(holder, list):
        holder.insert(int(rng.integers(len(holder) + 1)), holder[key])
    elif what == 2:
        source, other = places[rng.integers(len(places))]
        holder[key] = json.loads(json.dumps(source[other]))
    else:
        holder[key] = ODD_VALUES[rng.integers(len(ODD_VALUES))]
    members = dict(unpack(content))
    members["__meta__.npy"] = npy(np.array(json.dumps(description)))
    return pack(list(members.items()))


EDITS = [damage, edit_directory, edit_members, edit_header, edit_numbers, *[edit_description] * 3]
