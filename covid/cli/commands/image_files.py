"""The image files that somebody names to `covid predict` and `covid look`."""

import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from covid.common.errors import UserError, shown
from covid.common.parallel import bar_options, in_parallel
from covid.common.screen import complain, say
from covid.data.class_folders import found_images, ignored
from covid.data.images import UnreadableImage, read_gray


def image_files(named: Sequence[Path]) -> list[Path]:
    """Each file that is named, the images in a folder, and what a pattern such as a/*.png finds.

    Raises
    ------
    UserError
        A folder without images, or a pattern that finds nothing.
    """
    files: list[Path] = []
    for path in named:
        if path.is_dir():
            files += _inside(path)
        elif os.path.lexists(path) or not glob.has_magic(str(path)):
            files.append(path)  # reading it says what is wrong with it
        else:
            there = [Path(one) for one in sorted(glob.glob(str(path), recursive=True))]
            found = [one for one in there if not ignored(one) and not one.is_dir()]
            if not found:
                raise UserError(f"{shown(path)}: this pattern finds no file; correct it")
            files += found
    return files


def _inside(folder: Path) -> list[Path]:
    """The images in a folder and in the folders inside it; says how many other files there are."""
    images, others = found_images(folder, "name a folder that holds some")
    left = sum(not ignored(path) for path, _ in others)
    if left:
        say(f"note: files in {shown(folder)} that are no images, and not used: {left}", "yellow")
    return images


def readable(command: str, paths: Sequence[Path], unreadable: dict[str, str]) -> list[Path]:
    """Those of the files that can be read as images.

    The reason for each of the others goes into `unreadable`, and to stderr.
    """
    problems = in_parallel(_problem, paths, "checking", "image", len(paths) > 1)
    for path, problem in zip(paths, problems, strict=True):
        if problem is not None:
            complain(f"covid {command}", str(problem))
            unreadable[str(path)] = problem.reason
    return [path for path in paths if str(path) not in unreadable]


def _problem(path: Path) -> UnreadableImage | None:
    try:
        read_gray(path)
    except UnreadableImage as error:
        return error
    return None


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
