"""`covid story`: four chapters on what a result is worth, with images made for it.

    1  one mark and many near-duplicates in the images: everything looks perfect
    2  the audit finds both before anything is trained
    3  the controls show that the score does not come from the lungs
    4  patients kept apart and honest images: what the model has really learned

Images are made and models trained each time; every number in the text is a result. What each
chapter does and says is in `covid.story.chapters`.

What it leaves in its folder:

    story.txt, story.json, story.png
    images/lying, images/honest      the synthetic images
    splits/...                       split, enhanced, cropped
    audit/, controls/                all that those found
"""

from __future__ import annotations

from pathlib import Path

from covid.common.choices import STORY_PATIENTS
from covid.common.made_files import atomic_write
from covid.common.output_files import write_json
from covid.common.screen import QUIET, Screen
from covid.data.class_folders import scan
from covid.phantom import write_dataset
from covid.story import chapters
from covid.story.chapters import MODEL, NEAR_DUPLICATES, SHORTCUT, Story
from covid.story.text import as_text

SLICES = 4
PHASES = 7  # images, four chapters of which the last trains twice, figure and text


def tell(
    folder: Path,
    seed: int = 0,
    epochs: int | None = None,
    patients: int = STORY_PATIENTS,
    screen: Screen | None = None,
) -> dict:
    """Make the images, go through the chapters, write story.json, story.txt and story.png.

    Parameters
    ----------
    folder : Path
        Must be there.
    seed : int
    epochs : int or None
        At most so many a training; None: the recipe's.
    patients : int
        Of each set of images.
    screen : Screen, optional
        Gets a line for each phase; without it nothing is printed.

    Returns
    -------
    dict
        "note", "positive", "seed", "model", "images" and "chapters"; what story.json holds.
    """
    from covid.story.figure import draw

    screen = screen or Screen(QUIET)
    screen.total = PHASES
    with screen.phase("drawing two sets of synthetic images") as phase:
        story = make_images(folder, seed, epochs, patients, screen)
        phase.result = f"{len(story.lying)} lying, {len(story.honest)} honest"
    first = chapters.looks_perfect(story)
    others = [chapters.audit_finds(story), chapters.controls_expose(story)]
    content = {
        "note": story.note,
        "positive": story.lying.positive,
        "synthetic": True,
        "seed": seed,
        "model": MODEL,
        "images": {
            "patients": patients,
            "lying": len(story.lying.images),
            "honest": len(story.honest.images),
        },
        "chapters": [first, *others, chapters.truth(story, first)],
    }
    with screen.phase("figure and text"):
        draw(content, story.lying, story.honest, folder / "story.png")
        write_json(content, folder / "story.json")
        with atomic_write(folder / "story.txt") as temporary:
            temporary.write_text(as_text(content) + "\n", encoding="utf-8")
    return content


def make_images(folder: Path, seed: int, epochs, patients: int, screen: Screen) -> Story:
    """The two sets: the same patients and slices, with mark and near-duplicates, and without."""
    lying, honest = folder / "images/lying", folder / "images/honest"
    common = {
        "patients": patients,
        "slices": SLICES,
        "seed": seed,
        "progress": bool(screen.verbose),
        "processes": True,
    }
    write_dataset(lying, shortcuts=(SHORTCUT,), near_duplicates=NEAR_DUPLICATES, **common)
    write_dataset(honest, **common)
    return Story(folder, seed, epochs, scan(lying), scan(honest), screen)
