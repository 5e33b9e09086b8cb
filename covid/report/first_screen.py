"""The first screen: the verdict, three numbers, all results in a chart, two slices, what to do next.

The verdict begins with what makes the results doubtful, where audit or controls found it.
"""

from dataclasses import dataclass
from pathlib import Path

from covid.common.choices import EXPLORER, GROUP, MODEL_FILE
from covid.report.chart import accuracy_chart
from covid.report.formats import amount, between, count, fixed, percent
from covid.report.model_run import Measure, ModelRun
from covid.report.pictures import Picture, picture
from covid.report.run_data import Example, Run, SplitRun
from covid.report.verdict import headline

APART = 0.05  # balanced accuracy is said where it differs from accuracy by more


@dataclass(frozen=True)
class Tile:
    """A number with its interval; `kind` gives its color as in the chart."""

    title: str
    kind: str
    value: str
    interval: str
    of: str


@dataclass(frozen=True)
class Slice:
    """A slice beside its heat map; `answer` is what the model says, `remark` what is known."""

    picture: Picture
    title: str
    answer: str
    remark: str


def first_screen(run: Run) -> dict:
    """What first_screen.html shows."""
    split = run.decisive
    sentence, *others = filter(None, [run.doubt, run.conclusion, headline(run)])
    return {
        "sentence": sentence,
        "others": others,
        "tiles": tiles(run, split),
        "chart": accuracy_chart(run),
        "slices": slices(run),
        "looked": looked(run),
        "facts": facts(run, split),
        "files": files(run, split),
        "explorer": EXPLORER if (run.folder / EXPLORER).is_file() else "",
        "model": f"{split.key}/{split.best.name}/{MODEL_FILE}",
    }


def tiles(run: Run, split: SplitRun) -> list[Tile]:
    """The best model where it counts, the same at random or its AUC, the strongest baseline."""
    best, baseline = split.best, split.strongest_baseline
    new = "New patients" if split.key == GROUP and split.members == "patients" else "Accuracy"
    found = [tile(new, split.key, best.accuracy, f"{best.name}, {split.title}{balanced(best)}")]
    if len(run.splits) > 1:
        other = next(iter(run.splits.values()))
        accuracy = other.models[best.name].accuracy
        found.append(tile("Known patients", other.key, accuracy, f"{best.name}, {other.title}"))
    else:
        found.append(tile("AUC", split.key, best.test.measures["roc_auc"], best.name))
    if baseline:
        accuracy = split.baselines[baseline].accuracy
        found.append(tile("Best baseline", "baseline", accuracy, f"{baseline}, no network"))
    else:
        chance = f"share of the larger class, {split.title}"
        found.append(Tile("Chance", "baseline", fixed(best.test.chance, 2), "", chance))
    return found


def tile(title: str, kind: str, measure: Measure, of: str) -> Tile:
    """Of a measure, with its widest interval."""
    interval = between(*measure.widest, digits=2)
    return Tile(title, kind, fixed(measure.value, 2), interval, of)


def balanced(model: ModelRun) -> str:
    """The balanced accuracy, where accuracy alone would mislead."""
    found, accuracy = model.test.measures["balanced_accuracy"].value, model.accuracy.value
    apart = found is not None and abs(found - accuracy) > APART
    return f"; balanced accuracy {fixed(found, 2)}" if apart else ""


def slices(run: Run) -> list[Slice]:
    """The ill and the healthy one, where their pictures are there."""
    if run.examples is None:
        return []
    model = run.splits[run.examples.split].models[run.examples.model]
    found, p_of = [], f"p({run.positive})"
    for name, class_name in (("ill", run.positive), ("healthy", run.negative)):
        one: Example = getattr(run.examples, name)
        called = run.positive if one.probability > model.threshold.value else run.negative
        right = "rightly" if called == class_name else "wrongly"
        answer = f"{right} called {called}, {p_of} = {fixed(one.probability, 2)}"
        alt = (
            f"A test slice of class {class_name} as {model.name} gets it, and beside it the same "
            f"with its heat map by {model.look.method}; {answer}."
        )
        share = one.lesion_share
        remark = f"lesions on {percent(share)} of its lungs" if share else ""
        drawn = picture(run, f"figures/{name}.png", alt)
        if drawn and drawn.size:
            found.append(Slice(drawn, class_name, answer, remark))
    return found


def looked(run: Run) -> str:
    """How the heat maps were made, and whether they say anything."""
    if run.examples is None:
        return ""
    look = run.splits[run.examples.split].models[run.examples.model].look
    passed = {True: "passed", False: "failed, so they say nothing", None: "not possible"}
    return (
        f"{run.examples.model}, {look.method}; check against random weights: {passed[look.passed]}."
    )


def facts(run: Run, split: SplitRun) -> list[tuple[str, str]]:
    """(title, text) of what is asked first."""
    best = split.best
    data = next(iter(split.data.values()))
    total = sum(n for classes in data.counts.values() for n in classes.values())
    groups = {row.get("group") for row in best.predictions} - {None, ""}
    of = f" of {amount(run.groups.count, split.members[:-1])}" if run.groups else ""
    tested = f" of {amount(len(groups), split.members[:-1])}" if groups else ""
    kind = ", synthetic (drawn by a program)" if run.synthetic else ""
    threshold = best.threshold
    chosen = "chosen on validation" if threshold.chosen_on else "not chosen"
    return [
        ("Images", f"{count(total)} slices{of}{kind}; tested on {count(best.test.n)}{tested}"),
        ("Threshold", f"{run.positive} above p = {fixed(threshold.value, 2)}, {chosen}"),
        ("Training", f"{best.name}, {amount(best.epochs, 'epoch')}"),
    ]


def files(run: Run, split: SplitRun) -> list[tuple[str, str]]:
    """(path beside the page, name) of the files that are opened first."""
    folder = f"{split.key}/{split.best.name}"
    listed = ["summary.json", f"{folder}/predictions.csv", f"{folder}/{MODEL_FILE}"]
    return [(path, Path(path).name) for path in listed if (run.folder / path).is_file()]
