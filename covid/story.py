"""`covid story`: four chapters on what a result is worth, told with images made for it.

    1  one mark and many near-duplicates in the images: everything looks perfect
    2  the audit finds both before anything is trained
    3  the controls show that the score does not come from the lungs
    4  patients kept apart and honest images: what the model has really learned

Nothing in the story is written beforehand: images are made, models trained, and every number is
the outcome. A chapter is a dict: "chapter" (its title), "done" (what was done), "looks" (what
one would read from it), "is" (what is true), and "numbers".

What it leaves in its folder:

    story.txt, story.json, story.png
    images/lying, images/honest      the synthetic images
    splits/...                       split, enhanced, cropped
    audit/, controls/                all that those found
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from covid.audit import run_audit, write_audit
from covid.controls import run_controls, write_controls
from covid.dataset import Dataset, Split, SplitFolder, plan_split, read_split, scan, write_split
from covid.groups import groups_by_pattern
from covid.output import new_folder, write_json
from covid.phantom import write_dataset
from covid.phantom.shortcuts import SHORTCUTS
from covid.preparation import SYNTHETIC_GROUP
from covid.preprocess import enhance_and_crop
from covid.recipes import recipe_for
from covid.report import small_print
from covid.story_text import as_text, percent, score, share
from covid.train import train_and_evaluate
from minicnn.files import whole_file

MODEL = "tiny_cnn"
SHORTCUT = "marker"
PATIENTS, SLICES, NEAR_DUPLICATES = 40, 4, 2


@dataclass(frozen=True)
class Told:
    """What all chapters need.

    Attributes
    ----------
    folder : Path
        Where the story's files go.
    seed : int
        Of images, splits and trainings.
    epochs : int or None
        At most so many; None: the recipe's.
    lying, honest : Dataset
        The same patients, with and without the shortcut and the near-duplicates.
    verbose : int or str
        0: no word while it works.
    """

    folder: Path
    seed: int
    epochs: int | None
    lying: Dataset
    honest: Dataset
    verbose: int | str

    @property
    def recipe(self):
        return recipe_for("practice", MODEL, self.epochs)

    @property
    def note(self) -> str:
        return small_print(self.lying.positive, synthetic=True)

    def say(self, text: str) -> None:
        if self.verbose != 0:
            print(text, flush=True)


def story(options: Namespace) -> dict:
    """`covid story`."""
    with new_folder(options.out):
        content = tell(options.out, options.seed, options.epochs, options.patients, verbose="auto")
    print(f"\n{as_text(content)}\n\nEverything is in {options.out}")
    return {"folder": str(options.out), **content}


def tell(
    folder: Path,
    seed: int = 0,
    epochs: int | None = None,
    patients: int = PATIENTS,
    verbose: int | str = 0,
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
    verbose : int or "auto"
        0: no word while it works.

    Returns
    -------
    dict
        "note", "positive", "seed", "model", "images" and "chapters"; what story.json holds.
    """
    from covid.plots.story import draw

    told = make_images(folder, seed, epochs, patients, verbose)
    split, first = looks_perfect(told)
    audited = audit_finds(told, split)
    exposed = controls_expose(told)
    content = {
        "note": told.note,
        "positive": told.lying.positive,
        "synthetic": True,
        "seed": seed,
        "model": MODEL,
        "images": {
            "patients": patients,
            "lying": len(told.lying.images),
            "honest": len(told.honest.images),
        },
        "chapters": [first, audited, exposed, truth(told, first)],
    }
    draw(content, told.lying, told.honest, folder / "story.png")
    write_json(content, folder / "story.json")
    with whole_file(folder / "story.txt") as temporary:
        temporary.write_text(as_text(content) + "\n", encoding="utf-8")
    return content


def make_images(folder: Path, seed: int, epochs, patients: int, verbose) -> Told:
    """The two sets: the same patients and slices, once with mark and near-duplicates, once without."""
    lying, honest = folder / "images/lying", folder / "images/honest"
    common = {"patients": patients, "slices": SLICES, "seed": seed, "progress": verbose != 0}
    write_dataset(lying, shortcuts=(SHORTCUT,), near_duplicates=NEAR_DUPLICATES, **common)
    write_dataset(honest, **common)
    return Told(folder, seed, epochs, scan(lying), scan(honest), verbose)


def looks_perfect(told: Told) -> tuple[Split, dict]:
    """Chapter 1: slices split at random, one training; also the split, for the audit."""
    split = planned(told, told.lying, by_patient=False)
    found = scored(told, written(told, told.lying, split, "lying-random"))
    return split, {
        "chapter": "Everything looks perfect",
        "done": f"{len(told.lying.images)} slices were split at random, and {MODEL} was trained.",
        "looks": f"It is right on {score(found)} of the test images: a result to be proud of.",
        "is": "Nobody has asked yet what it was right about.",
        "numbers": {"test": found},
    }


def audit_finds(told: Told, split: Split) -> dict:
    """Chapter 2: the audit of the same images and split, which is not told the patients."""
    told.say("\nThe audit looks at the images ...")
    audit = run_audit(told.lying, split, seed=told.seed, progress=told.verbose != 0)
    write_audit(audit, told.folder / "audit", told.note)
    found = audit.summary()
    near = found["near_duplicates"]
    flagged = [number for number in found["confounders"] if number["flagged"]]
    best = max(flagged, key=lambda number: abs(number["auc"] - 0.5), default=None)
    gives_away = (
        "no single number gives the class away"
        if best is None
        else f"one number, the {best['title']}, tells the classes apart (AUC {best['auc']:.2f})"
    )
    return {
        "chapter": "The audit finds why",
        "done": "The audit compared the images with each other; nothing was trained.",
        "looks": f"{found['verdict'].rstrip('.')}.",
        "is": f"{share(near['test_images_with_one'], near['test_images'])} of the test images have "
        f"a near-duplicate among the images to learn from, and {gives_away}. What was put in: "
        f"{NEAR_DUPLICATES} near-duplicates of each slice, and {SHORTCUTS[SHORTCUT]}.",
        "numbers": {
            "verdict": found["verdict"],
            "leaks": found["leaks"],
            "shortcuts": found["shortcuts"],
            "share_with_near_duplicate": near["share"],
            "flagged": [number["name"] for number in flagged],
        },
    }


def controls_expose(told: Told) -> dict:
    """Chapter 3: the same training on permuted labels and on images without lungs."""
    told.say("\nThe controls: the same training on images that should not be enough ...")
    split = read_split(told.folder / "splits/lying-random")
    controls = run_controls(split, MODEL, told.recipe, told.seed, told.verbose)
    write_controls(controls, told.folder / "controls", told.note)
    found = controls.summary()
    rows = {row["name"]: row for row in found["rows"]}
    without, permuted = rows["lungs_blacked_out"], rows["permuted_labels"]
    return {
        "chapter": "The controls expose the score",
        "done": "The same model was trained again: with the lungs blacked out, on the border "
        "alone, on the lungs alone, and on labels that mean nothing.",
        "looks": f"{found['verdict'].rstrip('.')}.",
        "is": f"Without lungs it is right on {percent(without['accuracy'])} of the test images, so "
        f"it does not need them; of labels that mean nothing it knows "
        f"{percent(permuted['accuracy'])}, so it recognises patients.",
        "numbers": {
            "verdict": found["verdict"],
            "rows": [{key: row[key] for key in (*ROW_KEYS, "flagged")} for row in found["rows"]],
        },
    }


ROW_KEYS = ("name", "title", "accuracy", "accuracy_low", "accuracy_high")


def truth(told: Told, first: dict) -> dict:
    """Chapter 4: patients kept apart, on the lying images and on the honest ones."""
    found = {
        name: scored(
            told,
            written(told, dataset, planned(told, dataset, by_patient=True), f"{name}-by-patient"),
        )
        for name, dataset in (("lying", told.lying), ("honest", told.honest))
    }
    return {
        "chapter": "What is true",
        "done": "The patients were kept apart: none is both in train and in test. Then the same "
        "was done with honest images of the same patients: no mark, no near-duplicates.",
        "looks": f"With the mark it is still right on {score(found['lying'])}: keeping patients "
        "apart mends the leak, and not the shortcut.",
        "is": f"On honest images it is right on {score(found['honest'])}. That is what the model "
        f"knows of lungs; the {percent(first['numbers']['test']['acc'])} were the mark's and the "
        "near-duplicates'.",
        "numbers": found,
    }


def planned(told: Told, dataset: Dataset, by_patient: bool) -> Split:
    """A split at random, or one that keeps patients apart; both know who the patients are."""
    patients = groups_by_pattern(dataset.images, SYNTHETIC_GROUP)
    return plan_split(
        dataset.images, told.recipe.ratios, told.seed, patients, keep_together=by_patient
    )


def written(told: Told, dataset: Dataset, split: Split, name: str) -> SplitFolder:
    """Write a split folder with the images enhanced and cropped."""
    folder = told.folder / "splits" / name
    extra = {"enhanced": True, "synthetic": True}
    progress = told.verbose != 0
    write_split(dataset, split, folder, enhance_and_crop, progress=progress, extra=extra)
    return read_split(folder)


def scored(told: Told, split: SplitFolder) -> dict:
    """Train, and return the test's number of images, accuracy and interval."""
    told.say(f"\nTraining {MODEL} on {split.folder.name} ...")
    trained = train_and_evaluate(MODEL, told.recipe, split, told.seed, verbose=0)
    result = trained.results["test"].summary()
    return {key: result[key] for key in ("n", "acc", "acc_95_percent_interval")}
