"""Each model on each split: training curves, figures, the most wrong images, a look inside."""

from pathlib import Path

from covid.page import glossary as words
from covid.page.alt_texts import seen
from covid.page.markup import Markup, paragraph, section, table, tag
from covid.page.pictures import figure
from covid.page.run_data import ModelRun, Run, SplitRun
from covid.page.values import look

# Beginning of the file name: what the caption says.
EVALUATION = {
    "curves": "Training: accuracy and loss of every epoch.",
    "confusion": "Who was taken for what, at 0.5.",
    "roc": "ROC curve: how many positive images are found (up) at the price of how many false "
    "alarms (right). The diagonal is guessing.",
    "precision_recall": "Precision and recall: how many of the images called positive are (up), "
    "when so many are found (right).",
    "reliability": "Are the probabilities true? On the diagonal, of the images with 0.7 seven in "
    "ten are positive.",
    "scores": "The probabilities, by true class. The further apart the classes, the better.",
    "most_wrong": "The most wrong images.",
}
INSIDE = {
    "filters": "The filters of the first convolution, and what they make of a slice.",
    "excited": "Inputs that excite filters most.",
}
GRAPH = "The layers and their shapes, the same whatever the split."
HEAT = (
    "What the answer for one slice reacts to, and the same after the weights were replaced by random "
    "ones. A map that does not change with the weights shows the image, not the model (Adebayo 2018)."
)
SHOWN = 8  # most wrong images in the table


def models_section(run: Run) -> Markup:
    """Training curves, evaluation figures and mistakes of all models, the splits side by side."""
    overview = figure(
        run,
        run.folder / "figures" / "comparison.png",
        comparison_seen(run),
        "Accuracy of all models on all parts.",
    )
    blocks = [block for name in run.model_names for block in blocks_of(run, name)]
    return section("models", "Training, curves and mistakes", overview, *blocks)


def comparison_seen(run: Run) -> str:
    """The accuracies that are on figures/comparison.png."""
    said = [
        f"{name}, {split.title}: "
        + ", ".join(
            f"{part} {words.fixed(look(model.entry, part, 'acc'))}"
            for part in ("train", "validate", "test")
        )
        for split in run.splits
        for name, model in split.models.items()
    ]
    return f"Accuracy at 0.5 of every model on every part, with intervals. {'; '.join(said)}."


def blocks_of(run: Run, name: str) -> list:
    """The blocks of one model: each figure for all splits, the names of the most wrong images."""
    pairs = [(split, split.models[name]) for split in run.splits if name in split.models]
    lost: dict[str, list[str]] = {split.title: [] for split, _ in pairs}
    parts: list = [tag("h3", name)]
    for topic, caption in EVALUATION.items():
        found = [drawn(run, split, model, topic, caption) for split, model in pairs]
        parts.append(beside(found))
        for (split, _), one in zip(pairs, found, strict=True):
            if one is None:
                lost[split.title].append(topic.replace("_", " "))
    for split, model in pairs:
        parts.append(most_wrong(run, split, model))
        for file, known in (("history.csv", model.history), ("predictions.csv", model.predictions)):
            if not known:
                lost[split.title].append(f"the numbers of {file}")
    for title, names in lost.items():
        if names:
            run.lacks(f"{name}, {title}: {words.listed(names)}")
            text = f"Not here ({name}, {title}): {words.listed(names)}."
            parts.append(paragraph(text, class_="missing"))
    return parts


def beside(figures: list) -> Markup | None:
    """Figures next to each other where there is room."""
    return tag("div", *figures, class_="figures") if any(figures) else None


def drawn(run: Run, split: SplitRun, model: ModelRun, topic: str, caption: str) -> Markup | None:
    """A figure of a model by its topic."""
    path = split.folder / "figures" / f"{topic}-{model.name}.png"
    if not fits(path):
        return None
    alt = seen(topic, split, model, run.positive, run.negative)
    text = f"{model.name}, {split.title}. {caption}"
    return figure(run, path, alt, text)


def fits(path: Path) -> bool:
    """Whether a model's name can be in a file's name."""
    return "\0" not in str(path) and path.parent.name == "figures"


def most_wrong(run: Run, split: SplitRun, model: ModelRun) -> Markup | None:
    """The test images whose probability was farthest from the truth, by name."""
    if not model.predictions:
        return None
    wrong = [row for row in model.predictions if not row["correct"]]
    if not wrong:
        return paragraph(f"No test image was wrong: {model.name}, {split.title}.")
    wrong.sort(key=lambda row: (-distance(row, run.positive), str(row.get("file"))))
    rows = [[row.get("file"), row.get("true"), words.fixed(row["p"])] for row in wrong[:SHOWN]]
    caption = (
        f"{model.name}, {split.title}: the most wrong of {words.amount(len(wrong), 'mistake')} "
        f"on {words.amount(len(model.predictions), 'test image')}"
    )
    header = ["file", "true class", f"probability of {run.positive}"]
    return table(caption, header, rows, run.note, "files")


def distance(row: dict, positive: str) -> float:
    """How far the probability is from the truth."""
    return abs(row["p"] - (row.get("true") == positive))


def inside_section(run: Run) -> Markup:
    """Heat maps with their check, filters, graphs."""
    runs = [(split, model) for split in run.splits for model in split.models.values()]
    maps = [
        drawn(run, split, model, "look", f"{HEAT} {look_verdict(model)}") for split, model in runs
    ]
    if any(maps):
        shown = beside(maps)
    else:
        run.lacks("no heat map")
        text = "Not here: heat maps. One is never shown without its sanity check."
        shown = paragraph(text, class_="missing")
    rest = [
        beside([drawn(run, split, model, topic, text) for split, model in runs])
        for topic, text in INSIDE.items()
    ]
    first = {model.name: (split, model) for split, model in reversed(runs)}
    graphs = [drawn(run, *first[name], "graph", GRAPH) for name in run.model_names]
    return section("inside", "Looking inside", shown, *rest, *graphs)


def look_verdict(model: ModelRun) -> str:
    """What the sanity check of a model's heat map says."""
    verdict = look(model.entry, "look", "verdict")
    return verdict if isinstance(verdict, str) else "What the check says is not in the summary."
