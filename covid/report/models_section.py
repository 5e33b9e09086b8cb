"""Each model on each split: training curves, figures, the most wrong images, a look inside."""

from covid.report.alt_texts import model_alt
from covid.report.formats import amount, fixed, listed
from covid.report.model_run import ModelRun
from covid.report.pictures import Picture, picture
from covid.report.plots import plots_of
from covid.report.run_data import Run, SplitRun

SHOWN = 8  # most wrong images in the table


def models_section(run: Run) -> dict:
    """Training curves, evaluation and errors of all models, with a switch between the splits."""
    return {
        "blocks": {
            name: [block(run, split, model) for split, model in run.trained(name)]
            for name in run.model_names
        }
    }


def block(run: Run, split: SplitRun, model: ModelRun) -> dict:
    """One model on one split: its charts, the most wrong images, and what is missing."""
    worst = drawn(run, split, model, "most_wrong")
    absent = {
        "the values of history.csv": model.history,
        "the values of predictions.csv": model.predictions,
        "the most wrong images": worst,
    }
    missing = listed([what for what, found in absent.items() if not found] or [""])
    if missing:
        run.lacks(f"{model.name}, {split.title}: {missing}")
    plots = [(plot, model_alt(plot.topic, split, model, run)) for plot in plots_of(model, run)]
    return {
        **{"split": split, "model": model, "plots": plots, "missing": missing},
        "most_wrong": worst,
        "errors": most_wrong(run, split, model) if model.predictions else None,
    }


def drawn(
    run: Run, split: SplitRun, model: ModelRun, topic: str, remark: str = "", title: str = ""
) -> Picture | None:
    """A figure of a model; `topic` is the beginning of its file name."""
    file = f"{split.key}/figures/{topic}-{model.name}.png"
    title = title or f"{model.name}, {split.title}"
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
        "rows": [
            # its folder is that of its class
            [str(row.get("file")).rsplit("/", 1)[-1], row.get("true"), fixed(row["p"])]
            for row in wrong[:SHOWN]
        ],
    }


def inside_section(run: Run) -> dict:
    """Heat maps with their check, filters, graphs."""
    blocks = {
        name: [
            (
                split,
                drawn(run, split, one, "look", one.look.verdict),
                drawn(run, split, one, "filters"),
            )
            for split, one in run.trained(name)
        ]
        for name in run.model_names
    }
    maps = any(look for block in blocks.values() for _, look, _ in block)
    if not maps:
        run.lacks("no heat map")
    return {
        **{"maps": maps, "blocks": blocks},
        "graphs": {
            name: drawn(run, *run.trained(name)[0], "graph", title=name) for name in run.model_names
        },
    }
