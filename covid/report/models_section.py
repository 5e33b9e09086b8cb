"""Each model on each split: training curves, figures, the most wrong images, a look inside."""

from covid.report.alt_texts import comparison_alt, model_alt
from covid.report.formats import amount, fixed, listed
from covid.report.pictures import Picture, picture
from covid.report.run_data import ModelRun, Run, SplitRun

TOPICS = ("curves", "confusion", "roc", "precision_recall", "reliability", "scores", "most_wrong")
SHOWN = 8  # most wrong images in the table


def models_section(run: Run) -> dict:
    """Training curves, evaluation figures and errors of all models, the splits side by side."""
    return {
        "overview": picture(run, "figures/comparison.png", comparison_alt(run)),
        "blocks": {name: block(run, name) for name in run.model_names},
    }


def block(run: Run, name: str) -> dict:
    """One model: each figure for all splits, the most wrong images, and what is missing."""
    trained = run.trained(name)
    figures = {topic: [drawn(run, *one, topic) for one in trained] for topic in TOPICS}
    missing = {}
    for number, (split, model) in enumerate(trained):
        lost = [topic.replace("_", " ") for topic, row in figures.items() if row[number] is None]
        lost += ["the values of history.csv"] if not model.history else []
        lost += ["the values of predictions.csv"] if not model.predictions else []
        if lost:
            missing[split.title] = listed(lost)
            run.lacks(f"{name}, {split.title}: {listed(lost)}")
    return {
        "figures": figures,
        "errors": [most_wrong(run, split, model) for split, model in trained if model.predictions],
        "missing": missing,
    }


def drawn(
    run: Run, split: SplitRun, model: ModelRun, topic: str, remark: str = ""
) -> Picture | None:
    """A figure of a model; `topic` is the beginning of its file name."""
    file = f"{split.key}/figures/{topic}-{model.name}.png"
    title = f"{model.name}, {split.title}"
    return picture(run, file, model_alt(topic, split, model, run), title, remark)


def most_wrong(run: Run, split: SplitRun, model: ModelRun) -> dict:
    """The test images whose probability was farthest from the true class, by name."""

    def distance(row: dict) -> float:
        return abs(row["p"] - (row.get("true") == run.positive))

    wrong = [row for row in model.predictions if not row["correct"]]
    wrong.sort(key=lambda row: (-distance(row), str(row.get("file"))))
    title = f"{model.name}, {split.title}"
    images = amount(len(model.predictions), "test image")
    caption = f"the most wrong of {amount(len(wrong), 'error')}" if wrong else "no error"
    return {
        "caption": f"{title}: {caption} on {images}",
        "rows": [[row.get("file"), row.get("true"), fixed(row["p"])] for row in wrong[:SHOWN]],
    }


def inside_section(run: Run) -> dict:
    """Heat maps with their check, filters, graphs."""
    trained = run.trained()
    maps = [drawn(run, split, one, "look", one.look.verdict) for split, one in trained]
    if not any(maps):
        run.lacks("no heat map")
    return {
        "maps": maps,
        "filters": [drawn(run, *one, "filters") for one in trained],
        "excited": [drawn(run, *one, "excited") for one in trained],
        "graphs": [drawn(run, *run.trained(name)[0], "graph") for name in run.model_names],
    }
