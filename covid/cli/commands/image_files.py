"""The image files that somebody names to `covid predict` and `covid look`."""

import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from covid.common.errors import shown
from covid.common.parallel import bar_options, in_parallel
from covid.common.screen import complain, say
from covid.data.class_folders import look_through
from covid.data.images import UnreadableImage, read_gray
from covid.data.no_images import what_is_there
from covid.data.window import GrayLevels
from minicnn.preprocessing.system_names import is_system_name


def readable(
    command: str,
    named: Sequence[Path],
    unreadable: dict[str, str],
    find_levels: Callable[[Sequence[Path]], GrayLevels | None],
) -> tuple[list[Path], GrayLevels | None]:
    """The images that are named and can be read: files, those in a folder, those of a pattern.

    The reason for each of the others goes into `unreadable`, and to stderr. `find_levels` says how
    all of them are read.
    """
    found = [one for path in named for one in image_files(path)]
    levels = find_levels([one for one in found if isinstance(one, Path)])
    check, files = partial(_checked, levels=levels), []
    for one in in_parallel(check, found, "checking", "image", len(found) > 1):
        if isinstance(one, UnreadableImage):
            complain(f"covid {command}", str(one))
            unreadable[str(one.path)] = one.reason
        else:
            files.append(one)
    return files, levels


def image_files(path: Path) -> Sequence[Path | UnreadableImage]:
    """The file itself, the images in a folder, or what a pattern such as a/*.png finds."""
    if path.is_dir():
        return _inside(path)
    if os.path.lexists(path) or not glob.has_magic(str(path)):
        return [path]  # reading it says what is wrong with it
    # The folders at its beginning may have names that look like a pattern.
    around = next(folder for folder in path.parents if os.path.isdir(folder))
    pattern = str(Path(glob.escape(str(around)), path.relative_to(around)))
    there = [Path(one) for one in sorted(glob.glob(pattern, recursive=True))]
    found = [one for one in there if not is_system_name(one.name) and not one.is_dir()]
    return found or [UnreadableImage(path, "this pattern finds no file; correct it")]


def _inside(folder: Path) -> Sequence[Path | UnreadableImage]:
    """The images in a folder and in the folders inside it; says how many other files there are."""
    images, skipped = look_through(folder)
    others = [path for path, _ in skipped if not is_system_name(path.name)]
    if not images:
        there, advice = what_is_there(others) or ("no images", "name one that holds some")
        return [UnreadableImage(folder, f"it is a folder with {there}; {advice}")]
    if others:
        what = f"files in {shown(folder)} that are no images, and not used: {len(others)}"
        say(f"note: {what}", "yellow")
    return images


def _checked(one: Path | UnreadableImage, levels: GrayLevels | None) -> Path | UnreadableImage:
    """The same, or why it cannot be read."""
    if isinstance(one, Path):
        try:
            read_gray(one, levels)
        except UnreadableImage as error:
            return error
    return one


def prepared(
    title: str, paths: Sequence[Path], prepare: Callable[[Path], tuple[np.ndarray, str]]
) -> Iterator[tuple[Path, np.ndarray, str]]:
    """Each path with the array and remark that `prepare` gives for it; a bar counts them."""
    for path in tqdm(paths, **bar_options(title, "image", len(paths) > 1)):
        yield path, *prepare(path)


def say_above(text: str) -> None:
    """Print a text above the bar of `prepared`."""
    with tqdm.external_write_mode(file=sys.stdout):
        say(text)
