"""Says which images belong together: those of one patient, or those that look alike.

Images of one group must not be torn apart by a split, since a model that has seen one slice of a
patient knows the next one. The groups come from the file names, from a csv file, or are inferred:

    groups = groups_by_pattern(dataset, "^[^_]+")                  # p01_s3.png is of patient p01
    groups = groups_from_csv(dataset, "patients.csv", "patient")   # see `covid.data.group_csv`
    groups = groups_from_names(dataset, names, LOOK_ALIKES, "audit")               # found by the audit
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from covid.common.choices import DEFAULT_COLUMN
from covid.common.errors import UserError, shortened, shown
from covid.data.class_folders import Dataset, ImageFile
from covid.data.group_csv import read_group_names
from covid.data.same_names import composed

LOOK_ALIKES = "the audit's look-alikes"  # the source of groups inferred; split.json has it, too
SYNTHETIC_GROUP = "^[^_]+"  # the patient's number in the names of synthetic images


@dataclass(frozen=True)
class Groups:
    """Which group each image belongs to.

    Attributes
    ----------
    names : dict of ImageFile to str
        Every image's group.
    source : str
        Where this is known from, as text: "column patient of patients.csv".
    kind : {"pattern", "csv", "audit"}
        Said by the file names, said by a csv file, or inferred from the images themselves.
    pattern : str or None
        The regular expression, for groups of the kind "pattern".
    """

    names: dict[ImageFile, str]
    source: str
    kind: str
    pattern: str | None = None

    @property
    def recorded(self) -> str:
        """What split.json says of them: the pattern itself, which is easy to type again."""
        return self.source if self.pattern is None else self.pattern

    @property
    def members(self) -> str:
        """What to call several groups: "patients" where somebody said so, else "groups"."""
        return "groups" if self.kind == "audit" else "patients"

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(set(self.names.values()))

    def together(self, images: Iterable[ImageFile]) -> dict[str, list[ImageFile]]:
        """The images of each group, groups and images in the order of `images`."""
        found: dict[str, list[ImageFile]] = {}
        for image in images:
            found.setdefault(self.names[image], []).append(image)
        return found


def groups_by_pattern(images: Iterable[ImageFile], regex: str) -> Groups:
    """Find each image's group in its file name.

    Parameters
    ----------
    images : iterable of ImageFile
    regex : str
        Searched in the file name: the capture group that matches, or the whole match if it has
        none, is the name of the image's group, for example ``^[^_]+``. Where several match, one
        of them has to be called patient, as in ``(?P<patient>p[0-9]+)_(a|b)``.

    Raises
    ------
    UserError
        It is no regular expression, or finds nothing in some file name, or more than one group.
    """
    pattern = compile_group(regex)
    names = {image: group_name(image, pattern) for image in images}
    return Groups(names, f"pattern {regex!r} in the file names", "pattern", regex)


def groups_from_csv(images: Dataset, csv_path: str | Path, column: str = DEFAULT_COLUMN) -> Groups:
    """Read each image's group from a csv file with a line for each image.

    Parameters
    ----------
    images : Dataset
        The paths in the file may be relative to its folder.
    csv_path : str or Path
        UTF-8, separated by commas, semicolons or tabs, the columns' names in the first line. Lines
        of other files do no harm. Which column names the image is found out: the first one that
        has a path, file name or file name without extension for all images.
    column : str
        The column that names the group.

    Raises
    ------
    UserError
        The file cannot be read, lacks the column, or does not say one group for each image.
    """
    names = read_group_names(images, Path(csv_path), column)
    return Groups(names, f"column {column} of {Path(csv_path).name}", "csv")


def groups_from_names(
    images: Iterable[ImageFile], names: Mapping[ImageFile, str], source: str, kind: str
) -> Groups:
    """Make groups of names that are known already, such as those that the audit infers.

    An image that `names` lacks, because it could not be read, say, is a group of its own.
    """
    return Groups({image: names.get(image, str(image.path)) for image in images}, source, kind)


def known_groups(
    images: Dataset, regex: str | None, csv_path: Path | None, column: str = DEFAULT_COLUMN
) -> Groups | None:
    """The groups that somebody named with --group, --group-csv or --labels; None if with none."""
    if regex is not None:
        return groups_by_pattern(images, regex)
    if csv_path is not None:
        return groups_from_csv(images, csv_path, column)
    return None if images.patients is None else Groups(*images.patients, "csv")


def require_groups(groups: Groups | None, other: str = "") -> None:
    """UserError where `--split group` has no groups; `other` names a further way to get them."""
    if groups is None:
        raise UserError(
            "--split group needs patient IDs: pass --group REGEX, such as --group '^[^_]+', or "
            f"--group-csv FILE.csv{other}"
        )


def group_name(image: ImageFile, pattern: re.Pattern[str]) -> str:
    """Return the group of an image: what the pattern's capture group or the whole match has found.

    Raises
    ------
    UserError
        The file name does not match, or capture groups match different parts of it.
    """
    match = pattern.search(composed(image.path.name))
    names = []
    if match:
        named = match.groupdict()
        found = (named["patient"],) if named.get("patient") else match.groups()
        names = list(dict.fromkeys(filter(None, found if pattern.groups else (match[0],))))
    if not names:
        raise UserError(
            f"{image.path}: the group expression '{shown(pattern.pattern)}' finds nothing in this file "
            "name; choose one that fits every file"
        )
    if len(names) > 1:
        raise UserError(
            f"{image.path}: the group expression '{shown(pattern.pattern)}' finds {len(names)} groups in "
            f"this file name ({shortened(', '.join(names))}); write (?P<patient>...) around the one "
            "that is the patient, or (?:...) around the others"
        )
    return names[0]


def compile_group(group: str) -> re.Pattern[str]:
    """Compile a group expression; UserError if it is no regular expression."""
    try:
        return re.compile(composed(group))
    except re.error as error:
        raise UserError(
            f"'{shown(group)}' is not a regular expression ({error}); correct --group"
        ) from error
