"""Finds the images of two classes, however they are kept."""

from __future__ import annotations

from pathlib import Path

from covid.data.class_folders import Dataset, scan
from covid.data.existing_split import is_existing_split, scan_existing
from covid.data.labels_csv import scan_labels


def find_images(folder: Path, positive: str | None = None, labels: Path | None = None) -> Dataset:
    """Two class folders, a split that somebody else made, or a folder and a csv file of classes.

    Raises
    ------
    UserError
        As `scan`, `scan_existing` and `scan_labels`.
    """
    if labels is None and is_existing_split(folder):
        return scan_existing(folder, positive)
    return class_images(folder, positive, labels)


def class_images(folder: Path, positive: str | None = None, labels: Path | None = None) -> Dataset:
    """As `find_images`, for what cannot be done with a split."""
    return scan(folder, positive) if labels is None else scan_labels(folder, labels, positive)
