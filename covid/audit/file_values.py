"""Values of file properties that only one class has: "162 of 162 files stored as RGB are COVID".

Such a value may be rare, so that its AUC is low, and still give away every image that has it. The
rule, for each value that at least a tenth of the smaller class's files have, and not all files:

- significant: Fisher's exact test of value against class, two-sided, p < 0.01 after Bonferroni's
  correction for the number of values tested. It is made twice, and the larger p counts: of images,
  and of units (a patient, or a group of look-alikes), which have the value if one of their images
  has it. The first is right where a patient's files have nothing to do with each other, the second
  where they are all alike.
- pure: were the classes of one size, nine in ten of the files with the value would be of one class;
- common: a tenth of this class has it. Else the size of a single patient's scan would be found
  where patients are not known.

Pure and common are judged by the share of a unit's images that have it, the mean of each class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np

from covid.audit.confounders import Confounder, group_means, rate, strongest_first
from covid.audit.file_facts import SEEN, UNSEEN, Fact
from covid.audit.fingerprints import Fingerprints
from covid.metrics.proportions import fisher_exact

SIGNIFICANT = 0.01  # corrected p value
PURE = 0.9
COMMON = 0.1
FEWEST = 5  # files with a value


@dataclass(frozen=True)
class FileValue:
    """A value of a property of files, and how the classes have it."""

    name: str  # of the property
    value: str
    class_name: str  # the class that has it more often
    files: tuple[int, int]  # with the value: of this class, and in all
    units: tuple[int, int]  # the same
    p: float  # corrected
    seen: bool  # whether a model could learn it
    found: bool  # by the rule above

    @property
    def title(self) -> str:
        """The files that have it."""
        return (SEEN | UNSEEN)[self.name].format(self.value)

    @property
    def sentence(self) -> str:
        """Such as "162 of 162 files stored as RGB are COVID"."""
        return f"{self.files[0]} of {self.files[1]} {self.title} are {self.class_name}"

    def summary(self) -> dict:
        """As it stands in audit.json."""
        return {**asdict(self), "sentence": self.sentence}


def file_values(prints: Fingerprints, groups: np.ndarray) -> list[FileValue]:
    """Test all values; those found first, the most significant of them first.

    `groups`, (images,) int64, has the code of each image's group. Of values that the same files
    have only the first is tested, in the order of `SEEN` and `UNSEEN`.
    """
    sizes = np.bincount(prints.labels, minlength=2)
    if sizes.min() == 0:
        return []
    least = max(FEWEST, COMMON * sizes.min())
    different: dict[bytes, tuple[Fact, np.ndarray]] = {}
    for fact, has_it in indicators(prints.facts):
        if least <= has_it.sum() < len(prints):
            different.setdefault(has_it.tobytes(), (fact, has_it))
    classes = {image.label: image.class_name for image in prints.images}
    tested = []
    for (name, value), has_it in different.values():
        label, *counts, p, found = tested_value(has_it, prints.labels, groups, len(different))
        tested.append(FileValue(name, value, classes[label], *counts, p, name in SEEN, found))
    return sorted(tested, key=lambda one: (not one.found, one.p, one.name, one.value))


def indicators(facts: list[frozenset[Fact]]) -> Iterator[tuple[Fact, np.ndarray]]:
    """Each fact with (files,) bool, whether a file has it."""
    order = {name: place for place, name in enumerate(SEEN | UNSEEN)}
    counts = Counter(fact for of_file in facts for fact in of_file)
    for name, value in sorted(counts, key=lambda fact: (order[fact[0]], fact[1])):
        if counts[name, value] >= FEWEST:
            has_it = np.array([(name, value) in of_file for of_file in facts])
            yield (name, value), has_it
            if name == "tag":
                yield ("no tag", value), ~has_it


def tested_value(
    has_it: np.ndarray, labels: np.ndarray, groups: np.ndarray, tests: int
) -> tuple[int, tuple[int, int], tuple[int, int], float, bool]:
    """Label, files, units, p and found of one of so many values; the arrays are (files,)."""
    shares = [group_means(has_it[labels == k], groups[labels == k]) for k in (0, 1)]
    files = [int(has_it[labels == k].sum()) for k in (0, 1)]
    units = [int((share > 0).sum()) for share in shares]
    rates = [float(share.mean()) for share in shares]
    by_image = fisher_exact(files, np.bincount(labels, minlength=2).tolist())
    by_unit = fisher_exact(units, [len(share) for share in shares])
    p = min(1.0, tests * max(by_image, by_unit))
    found = p < SIGNIFICANT and max(rates) >= max(PURE * sum(rates), COMMON)
    label = int(rates[1] > rates[0])
    return label, (files[label], sum(files)), (units[label], sum(units)), p, found


def with_file_values(
    confounders: list[Confounder],
    values: list[FileValue],
    prints: Fingerprints,
    groups: np.ndarray,
) -> list[Confounder]:
    """The confounders, and among the flagged ones the values found that a model could learn.

    A property that separates the classes as a whole is not named once more.
    """
    flagged = {one.name for one in confounders if one.flagged}
    if flagged & {"width", "height"}:
        flagged.add("size")
    rows = []
    for value in values:
        if value.found and value.seen and value.name not in flagged:
            has_it = np.array([(value.name, value.value) in facts for facts in prints.facts], float)
            row = rate(value.name, value.title, has_it, prints.labels, groups)
            rows.append(replace(row, flagged=True, found=value.sentence))
    named = {row.name for row in rows} & {"format", "mode"}  # rated by a value as well
    return strongest_first([one for one in confounders if one.name not in named] + rows)
