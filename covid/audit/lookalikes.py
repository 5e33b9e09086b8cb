"""Near-duplicates among all images, and the groups that they join.

Two stages: the hash names candidates (`neighbors`), the correlation of the aligned details
decides (`alignment`). The bound is higher where a pair may join groups: a single
wrong pair there makes one group of two patients.

The same slice in a lung window and in a mediastinal one looks different, but its bones and
outlines stay where they are. Between windows the bound for joining groups is lower, since images of
different patients have less in common there, too; that for near-duplicates is not: nobody who sees
two such images would call them duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from covid.audit.alignment import align
from covid.audit.fingerprints import Fingerprints
from covid.audit.neighbors import nearest

# Chosen by real and by synthetic slices of known patients. Slices of one patient two millimeters
# apart differ in 5 % of the bits, and 99 of 100 such pairs in less than 14 %; their details
# correlate at 0.82 or more in 99 of 100 pairs. Slices of different real patients stay below 0.35,
# and those of different synthetic patients, who are more alike, below 0.80.
FARTHEST = 51  # bits of 255 in which candidates differ
NEIGHBORS = 16  # candidates of each image on its own side, on the other, and in other windows
NEAR_DUPLICATE = 0.83  # correlation of the aligned details, from -1 to 1
SAME_GROUP = 0.87
# One slice in two windows: a median of 0.57; of different patients below 0.22 where they are real,
# and 0.54 where they are synthetic.
FARTHEST_OTHER_WINDOW = 100
OTHER_WINDOW = 0.57
WINDOW_GAP = 24  # gray levels: no image's soft tissue lies in such a gap between two windows


@dataclass(frozen=True)
class Pairs:
    """Pairs of images; every attribute has an element for each pair, the most similar first."""

    images: np.ndarray  # (pairs, 2), int64, indices, the smaller one first
    bits: np.ndarray  # (pairs,), int64, in how many of 255 bits the hashes differ
    correlation: np.ndarray  # (pairs,), float32, of the aligned details; 1 for identical files
    shift: np.ndarray  # (pairs, 2), float32; see `covid.audit.alignment.Alignment`
    identical: np.ndarray  # (pairs,), bool: the files are equal byte by byte
    other_window: np.ndarray  # (pairs,), bool: the images are shown in different windows

    def __len__(self) -> int:
        return len(self.images)

    @property
    def alike(self) -> np.ndarray:
        """(pairs,), bool: near-duplicates."""
        return self.correlation >= NEAR_DUPLICATE

    @property
    def joining(self) -> np.ndarray:
        """(pairs,), bool: so much alike that they are of one group."""
        return self.correlation >= np.where(self.other_window, OTHER_WINDOW, SAME_GROUP)

    def select(self, which: np.ndarray) -> Pairs:
        """Those of a mask, or of indices."""
        return Pairs(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def find_candidates(prints: Fingerprints, sides: np.ndarray, progress: bool = False) -> Pairs:
    """Compare images whose hashes are near; all pairs that were compared, decided or not.

    Neighbors are searched on both `sides`, (images,) int64, so that a hundred copies in train do
    not hide the one in test.
    """
    copies = equal_files(prints.digests, sides)
    windows = windows_of(prints.tissue)
    pairs, bits = nearby_pairs(prints, sides, windows, progress)
    # Windows are two looks at one scan: there is nothing to be shifted between them.
    same_window = windows[pairs[:, 0]] == windows[pairs[:, 1]]
    alignment = align(prints.details, pairs, same_window, progress)
    equal = np.array(prints.digests, object)
    same = equal[pairs[:, 0]] == equal[pairs[:, 1]] if len(pairs) else np.zeros(0, bool)
    # Equal files are known to be equal: taken out here, put in with those that the search does
    # not give, flat images and copies beyond the number of neighbors.
    different = ~same.astype(bool)
    pairs = np.concatenate([copies, pairs[different]])
    none = np.zeros(len(copies), np.int64)
    found = Pairs(
        pairs,
        np.concatenate([none, bits[different]]),
        np.concatenate([none + 1, alignment.correlation[different]]).astype(np.float32),
        np.concatenate([np.zeros((len(copies), 2), np.float32), alignment.shift[different]]),
        np.arange(len(pairs)) < len(copies),
        windows[pairs[:, 0]] != windows[pairs[:, 1]],
    )
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -found.correlation, ~found.identical))
    return found.select(order)


def nearby_pairs(
    prints: Fingerprints, sides: np.ndarray, windows: np.ndarray, progress: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs with near hashes, (pairs, 2) int64 sorted, and their distance in bits, (pairs,)."""
    textured = np.flatnonzero(~prints.flat)
    codes, distances = [], []
    searches = [(sides, True, FARTHEST), (sides, False, FARTHEST)]
    if len(np.unique(windows)) > 1:
        searches.append((windows, False, FARTHEST_OTHER_WINDOW))
    for classes, same_class, farthest in searches:
        found, bits = nearest(
            prints.hashes[textured], classes[textured], same_class, NEIGHBORS, farthest, progress
        )
        query, place = np.nonzero(found >= 0)
        both = np.sort(textured[np.column_stack([query, found[query, place]])], axis=1)
        codes.append(both[:, 0] * len(prints) + both[:, 1])
        distances.append(bits[query, place])
    # A pair in which each names the other comes twice.
    codes, once = np.unique(np.concatenate(codes), return_index=True)
    pairs = np.column_stack(np.divmod(codes, max(1, len(prints))))
    return pairs, np.concatenate(distances)[once].astype(np.int64)


def windows_of(tissue: np.ndarray) -> np.ndarray:
    """Code of each image's window, (images,) int64, by the gray level of its soft tissue.

    Sorted by that level, a new window begins behind every gap. Sets in which all levels occur
    count as one window.
    """
    order = np.argsort(tissue, kind="stable")
    windows = np.zeros(len(tissue), np.int64)
    windows[order[1:]] = np.cumsum(np.diff(tissue[order]) > WINDOW_GAP)
    return windows


def equal_files(digests: list[bytes], sides: np.ndarray) -> np.ndarray:
    """Pairs of equal files, (pairs, 2) int64: each file with the next equal one of its side, and
    with the next of the other side. So a thousand copies make some two thousand pairs, and every
    copy in test that has one in train is in such a pair.
    """
    order = np.lexsort((np.arange(len(digests)), digests)) if digests else np.zeros(0, np.int64)
    pairs = set()
    first = 0
    while first < len(order):
        last = first
        while last < len(order) and digests[order[last]] == digests[order[first]]:
            last += 1
        for side in np.unique(sides[order[first:last]]) if last - first > 1 else ():
            members = order[first:last]
            own, others = members[sides[members] == side], members[sides[members] != side]
            pairs.update(zip(own[:-1].tolist(), own[1:].tolist(), strict=True))
            if len(others):
                pairs.update((min(o, others[0]), max(o, others[0])) for o in own.tolist())
        first = last
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def inferred_groups(count: int, pairs: Pairs) -> np.ndarray:
    """Code of each image's group, (images,) int64: images that a chain of pairs connects.

    Only `Pairs.joining` connect. An image in no such pair is a group by itself.
    Groups are numbered in the order of their first images.
    """
    parent = np.arange(count)

    def root(image: int) -> int:
        while parent[image] != image:
            parent[image] = parent[parent[image]]  # halves the way for those who come after
            image = parent[image]
        return image

    for first, second in pairs.images[pairs.joining].tolist():
        one, other = root(first), root(second)
        parent[max(one, other)] = min(one, other)
    roots = np.array([root(image) for image in range(count)], np.int64)
    return np.unique(roots, return_inverse=True)[1]
