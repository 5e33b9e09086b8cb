"""All that an audit found."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from covid.audit.confounders import BAR, Confounder, auc_interval
from covid.audit.file_values import FileValue
from covid.audit.fingerprints import Fingerprints
from covid.audit.lookalikes import Pairs
from covid.common.choices import OWN_SPLIT
from covid.data.class_folders import Dataset, ImageFile
from covid.data.split import Split
from covid.data.window import GrayLevels

EXAMPLES = 5  # patients named


@dataclass(frozen=True)
class Audit:
    """What is in a data set besides lungs. Indices count the images that could be read."""

    dataset: Dataset
    split: Split  # what was audited
    prints: Fingerprints
    parts: list[str]  # of each image: "train", "validate" or "test"
    candidates: Pairs  # all pairs that were compared, the most similar first
    inferred: np.ndarray  # (images,), int64, number of each image's group of look-alikes
    confounders: list[Confounder]  # the flagged ones first, then by their AUC
    values: list[FileValue]  # of file properties: all that were tested, those found first
    names: dict[ImageFile, str] | None  # the patients, where they are known
    levels: GrayLevels | None = None  # how files of more than 8 bits were read

    @cached_property
    def pairs(self) -> Pairs:
        """The near-duplicates: identical files, and pairs whose details correlate enough."""
        return self.candidates.select(self.candidates.alike)

    @cached_property
    def in_test(self) -> np.ndarray:
        """(images,), bool: on the side of the test. The other side is train and validate, on
        which models are trained and chosen."""
        return np.array([part == "test" for part in self.parts], bool)

    @cached_property
    def across(self) -> np.ndarray:
        """(pairs,), bool: one image of the pair is in test, the other one is not."""
        return self.crosses(self.pairs)

    def crosses(self, pairs: Pairs) -> np.ndarray:
        """The same for other pairs."""
        first, second = pairs.images.T
        return self.in_test[first] != self.in_test[second]

    @property
    def test_images(self) -> int:
        return int(self.in_test.sum())

    @cached_property
    def test_images_with_one(self) -> int:
        """Test images with a near-duplicate in train or validate."""
        paired = np.unique(self.pairs.images[self.across])
        return int(self.in_test[paired].sum())

    @cached_property
    def validate_images_with_one(self) -> int:
        """Validation images with a near-duplicate in train."""
        parts = np.array(self.parts, object)[self.pairs.images]  # (pairs, 2)
        found = set()
        for column in (0, 1):
            which = (parts[:, column] == "validate") & (parts[:, 1 - column] == "train")
            found.update(self.pairs.images[which, column].tolist())
        return len(found)

    @cached_property
    def identical_groups(self) -> list[list[ImageFile]]:
        """Files that are equal byte by byte, two or more each."""
        groups = defaultdict(list)
        for image, digest in zip(self.prints.images, self.prints.digests, strict=True):
            groups[digest].append(image)
        return [group for group in groups.values() if len(group) > 1]

    @cached_property
    def group_names(self) -> dict[ImageFile, str]:
        """The inferred groups: image -> a name such as "look-alikes-0007"."""
        return {
            image: f"look-alikes-{number:04d}"
            for image, number in zip(self.prints.images, self.inferred.tolist(), strict=True)
        }

    @cached_property
    def patients_on_both_sides(self) -> dict | None:
        """How many patients are in test and not only there, of how many; None if not known."""
        if self.names is None:
            return None
        sides = defaultdict(set)
        for image, is_test in zip(self.prints.images, self.in_test.tolist(), strict=True):
            sides[self.names[image]].add(is_test)
        both = sorted(name for name, seen in sides.items() if len(seen) == 2)
        return {"count": len(both), "of": len(sides), "examples": both[:EXAMPLES]}

    @property
    def leaks(self) -> bool:
        """Whether the test has images, or patients, of the other side."""
        patients = self.patients_on_both_sides
        return self.test_images_with_one > 0 or bool(patients and patients["count"])

    @property
    def unseen(self) -> list[FileValue]:
        """Values that give a class away, of properties that no model sees: tags and names."""
        return [value for value in self.values if value.found and not value.seen]

    @property
    def shortcuts(self) -> bool:
        return any(found.flagged for found in self.confounders)

    @property
    def enough_groups(self) -> bool:
        """Whether a measure that separates all groups would be flagged."""
        return bool(self.confounders) and auc_interval(1.0, *self.confounders[0].units)[0] > BAR

    @property
    def members(self) -> str:
        """What `names` are of: patients, but in a split by an earlier audit its look-alikes."""
        groups = self.split.groups
        inferred = groups is not None and groups.names is self.names and groups.kind == "audit"
        return "groups of look-alikes" if inferred else "patients"

    @property
    def units(self) -> int:
        """How many count in the confounders, each once."""
        patients = self.patients_on_both_sides
        return len(np.unique(self.inferred)) if patients is None else patients["of"]

    @property
    def units_title(self) -> str:
        """What counts once in the confounders."""
        return self.members if self.names is not None else "images or groups of look-alikes"

    @property
    def split_title(self) -> str:
        """The split, as a sentence begins."""
        if self.split.kept_together is None:
            return OWN_SPLIT.capitalize() if self.split.existing else "The random split"
        return f"The split that keeps groups whole ({self.split.kept_together})"
