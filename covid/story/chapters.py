"""The chapters of `covid story`: each does its part of the work and returns its text.

A chapter is a dict: "chapter" (its title), "done" (what was done), "looks" (what one would read
from it), "is" (what is true), "numbers" (the results). The text follows from the results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from covid.audit import run_audit, write_audit
from covid.audit.verdict import percent, summarize
from covid.common.choices import CONTOURS, DEFAULT_RECIPE
from covid.common.screen import Screen
from covid.controls import run_controls, write_controls
from covid.controls.intervals import measured
from covid.controls.verdict import CHANCE
from covid.data.class_folders import Dataset
from covid.data.disclaimer import small_print
from covid.data.groups import SYNTHETIC_GROUP, groups_by_pattern
from covid.data.prepare_split import prepare_split
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.phantom.shortcuts import SHORTCUTS
from covid.story.text import score, share
from covid.training.recipes import Recipe, recipe_for
from covid.training.train import train_and_evaluate

MODEL = "tiny_cnn"  # flattens its maps, and so learns where the mark is
SHORTCUT = "marker"
NEAR_DUPLICATES = 2
PERFECT = 0.9  # test accuracy from which on a chapter says that it looks perfect
ROW_KEYS = ("name", "title", "accuracy", "accuracy_low", "accuracy_high", "auc", "flagged")


@dataclass(frozen=True)
class Story:
    """What all chapters need; folder, seed, epochs and screen as in `covid.story.tell.tell`.

    Attributes
    ----------
    lying, honest : Dataset
        The same patients, with and without the shortcut and the near-duplicates.
    """

    folder: Path
    seed: int
    epochs: int | None
    lying: Dataset
    honest: Dataset
    screen: Screen

    @property
    def recipe(self) -> Recipe:
        # the article's crop, which leaves the mark in the image
        return replace(recipe_for(DEFAULT_RECIPE, MODEL, self.epochs), crop=CONTOURS)

    @property
    def note(self) -> str:
        return small_print(self.lying.positive, synthetic=True)


def looks_perfect(story: Story) -> dict:
    """Chapter 1: slices split at random, one training."""
    found = scored(story, story.lying, "lying-random", by_patient=False)
    perfect = found["acc"] >= PERFECT
    proud = ": a result to be proud of" if perfect else ""
    return {
        "chapter": "Everything looks perfect" if perfect else "A first result",
        "done": f"{len(story.lying.images)} slices were split at random, and {MODEL} was trained.",
        "looks": f"It is right on {score(found)} of the test images{proud}.",
        "is": "Nobody has asked yet what it was right about.",
        "numbers": {"test": found},
    }


def audit_finds(story: Story) -> dict:
    """Chapter 2: the audit of the same images and split, without the patients."""
    with story.screen.phase("audit of the images"):
        split = plan_split(story.lying, story.recipe.ratios, story.seed)
        audit = run_audit(story.lying, split, seed=story.seed, progress=bool(story.screen.verbose))
        write_audit(audit, story.folder / "audit", story.note)
    found = summarize(audit)
    near = found["near_duplicates"]
    flagged = [measure for measure in found["confounders"] if measure["flagged"]]
    best = max(flagged, key=lambda measure: abs(measure["auc"] - 0.5), default=None)
    gives_away = (
        "no confounder was found"
        if best is None
        else f"one number, the {best['title']}, tells the classes apart (AUC {best['auc']:.2f})"
    )
    return {
        "chapter": "The audit finds why",
        "done": "The audit compared the images with each other; nothing was trained.",
        "looks": f"{found['verdict'].rstrip('.')}.",
        "is": f"{share(near['test_images_with_one'], near['test_images'])} of the test images have "
        f"a near-duplicate in the training or validation set, and {gives_away}. What was put in: "
        f"{NEAR_DUPLICATES} near-duplicates of each slice, and {SHORTCUTS[SHORTCUT]}.",
        "numbers": {
            "verdict": found["verdict"],
            "leaks": found["leaks"],
            "shortcuts": found["shortcuts"],
            "share_with_near_duplicate": near["share"],
            "flagged": [measure["name"] for measure in flagged],
        },
    }


def controls_expose(story: Story) -> dict:
    """Chapter 3: the same training on permuted labels and on images without lungs."""
    with story.screen.phase(f"controls, {MODEL} on images that should not be enough"):
        split = read_split(story.folder / "splits/lying-random")
        folder = story.folder / "controls"
        controls = run_controls(split, MODEL, story.recipe, story.seed, folder, story.screen)
        write_controls(controls, folder, story.note)
    found = controls.summary()
    rows = {row["name"]: row for row in found["rows"]}
    image, without, permuted = (rows[n] for n in ("image", "lungs_blacked_out", "permuted_labels"))
    return {
        "chapter": "The controls expose the score",
        "done": "The same model was trained again: with the lungs blacked out, on the border "
        "alone, on the lungs alone, and on labels that mean nothing.",
        "looks": f"{found['verdict'].rstrip('.')}.",
        "is": f"On the images as they are its AUC is {image['auc']:.2f} (0.5 is chance). With the "
        f"lungs blacked out it is {without['auc']:.2f}"
        f"{', so it does not need them' if without['flagged'] else ''}; with labels that mean "
        f"nothing it is {permuted['auc']:.2f}"
        f"{', so it knows the patients again' if permuted['flagged'] else ''}.",
        "numbers": {
            "verdict": found["verdict"],
            "rows": [{key: row[key] for key in ROW_KEYS} for row in found["rows"]],
        },
    }


def truth(story: Story, first: dict) -> dict:
    """Chapter 4: patients kept apart, on the lying images and on the honest ones."""
    found = {
        name: scored(story, dataset, f"{name}-by-patient", by_patient=True)
        for name, dataset in (("lying", story.lying), ("honest", story.honest))
    }
    lying, honest = found["lying"], found["honest"]
    mends = ": to keep patients apart mends the leak, not the shortcut"
    still = mends if lying["acc"] >= PERFECT else ""
    before, (low, high) = first["numbers"]["test"]["acc"], honest["acc_95_percent_interval"]
    learned = rest = ""
    if low is not None:
        learned = ": so much do the lungs alone tell" if low > CHANCE else ", perhaps by chance"
        fell = before > high
        rest = ": the rest was the mark's and the near-duplicates'" if fell else ", hardly more"
    return {
        "chapter": "What is true",
        "done": "The patients were kept apart: none is both in train and in test. Then the same "
        "was done with honest images of the same patients: no mark, no near-duplicates.",
        "looks": f"With the mark it is right on {score(lying)}{still}.",
        "is": f"On honest images it is right on {score(honest)}{learned}. "
        f"In the first chapter it was {percent(before)}{rest}.",
        "numbers": found,
    }


def scored(story: Story, dataset: Dataset, name: str, by_patient: bool) -> dict:
    """Split, train, and return the test's number of images, accuracy and interval.

    Both kinds of split record the patients. The interval draws whole patients, as in the controls;
    where they are too few there is none (None, None).
    """
    seed, verbose, recipe = story.seed, story.screen.verbose, story.recipe
    images = "lying" if dataset is story.lying else "honest"
    how = "by patient" if by_patient else "at random"
    with story.screen.phase(f"training {MODEL}, {images} images {how}") as phase:
        split = prepare_split(
            *(dataset, story.folder / "splits" / name, recipe.ratios, seed),
            *(groups_by_pattern(dataset, SYNTHETIC_GROUP), by_patient),
            enhance=True,
            rule=recipe.crop,
            progress=bool(verbose),
            image_size=recipe.image_size,
        )
        result = train_and_evaluate(MODEL, recipe, split, seed, verbose).results["test"]
        answers = result.labels, result.probabilities, result.threshold
        found = measured(*answers, result.groups, by_patient, seed)
        phase.result = f"{found.accuracy:.2f} in its test"
    interval = [found.accuracy_low, found.accuracy_high]
    return {"n": result.n, "acc": found.accuracy, "acc_95_percent_interval": interval}
