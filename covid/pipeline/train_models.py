"""What comes of one way of splitting the images: models, trained and evaluated, and their files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from covid.common.choices import OWN_SPLIT, RANDOM
from covid.common.made_files import make_folder
from covid.data import disclaimer
from covid.data.groups import LOOK_ALIKES, Groups
from covid.data.split_folder import SplitFolder
from covid.figures import model_figures
from covid.metrics import enough_groups
from covid.pipeline import compile_ahead
from covid.pipeline.options import Options
from covid.pipeline.prepare_splits import (
    Prepared,
    counts,
    draw_data,
    prepare_all,
    way_of_splitting,
)
from covid.pipeline.source import Source
from covid.training.recipes import Recipe
from covid.training.train import Trained, train_and_evaluate, write_training
from minicnn.callbacks import BackupAndRestore
from minicnn.models import Model


@dataclass(frozen=True)
class Outcome:
    """What came of one way of splitting.

    Attributes
    ----------
    prepared : dict of str to Prepared
        By model.
    trained : dict of str to Trained
        By model.
    looks : dict of str to dict
        By model: where its answer for one image comes from; see `covid.figures.heat_maps`.
    """

    prepared: dict[str, Prepared]
    trained: dict[str, Trained] = field(default_factory=dict)
    looks: dict[str, dict] = field(default_factory=dict)

    @property
    def first_split(self) -> SplitFolder:
        return next(iter(self.prepared.values())).split

    @property
    def tests_enough_groups(self) -> bool:
        """Whether the test of a split by groups has enough of them in each class to be resampled."""
        test = next(iter(self.trained.values())).results["test"]
        kept = self.first_split.info["group"] is not None
        return kept and enough_groups(test.labels, test.groups)


def split_and_train(
    options: Options,
    source: Source,
    recipes: dict[str, Recipe],
    name: str,
    together: Groups | None,
    before: dict[str, Outcome],
) -> Outcome:
    """Everything that one way of splitting needs: images, models, their evaluation, their figures.

    Images that another way has prepared already, one of `before`, are not prepared again.
    """
    made = {model: one.split for other in before.values() for model, one in other.prepared.items()}
    kept = together.source if together else source.given and source.given.info["group"]
    with options.screen.phase(f"images, {way_of_splitting(kept, existing_of(source))}") as phase:
        outcome = Outcome(prepare_all(options, source, recipes, name, together, made))
        if not before:  # the figures of the images are those of the first way
            draw_data(options, source, next(iter(outcome.prepared.values())))
        phase.result = counts(outcome.first_split)
    train_all(options, outcome, name)
    return outcome


def train_all(options: Options, outcome: Outcome, way: str) -> None:
    """Train, evaluate and write every model; fills `outcome`."""
    info = outcome.first_split.info
    how = way_of_splitting(info["group"], info.get("existing"))
    for name, images in outcome.prepared.items():
        split, recipe = images.split, images.recipe
        folder, drawn = options.out / way / name, options.out / way / "figures"
        draw_graph = partial(model_figures.graph_figure, folder=drawn)
        with options.screen.phase(f"training {name}, {how}") as phase:
            trained = train_in(options, folder, name, recipe, split, draw_graph)
            note = disclaimer.note(split)
            model_figures.model_figures(trained, split, drawn, note)
            outcome.trained[name] = trained
            outcome.looks[name] = model_figures.example_looked_into(
                trained, split, drawn, note, options.seed
            )
            phase.result = f"{trained.results['validate'].accuracy:.2f} on validation"


def train_in(
    options: Options,
    folder: Path,
    name: str,
    recipe: Recipe,
    split: SplitFolder,
    built: Callable[[Model], object] = lambda model: None,
) -> Trained:
    """Train and evaluate a model, from its checkpoint in `folder` if there is one; write it there."""
    steps = options.checkpoint_steps or "epoch"
    make_folder(folder)
    backup = BackupAndRestore(folder, steps, delete_checkpoint=False)
    if backup.path.exists():
        options.screen.say(f"  resumed from {backup.path}")
    compile_ahead.wait_for(name)
    trained = train_and_evaluate(
        name, recipe, split, options.seed, options.screen.verbose, backup, built=built
    )
    write_training(trained, (split.negative, split.positive), folder)
    return trained


def title(way: str, info: dict) -> str:
    """What was done with images that belong together.

    Parameters
    ----------
    way : {"random", "group"}
    info : dict
        What split.json says. A folder that was split before may have look-alikes, too.
    """
    if way == RANDOM:
        return OWN_SPLIT if info.get("existing") else "slices split at random"
    return "look-alikes kept apart" if info["group"] == LOOK_ALIKES else "patients kept apart"


def existing_of(source: Source) -> dict[str, str] | None:
    """The folders of the split that the images came in, if they did."""
    return source.dataset.existing if source.given is None else source.given.info.get("existing")
