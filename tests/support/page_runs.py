"""Run folders as `covid run` leaves them, made up in a fraction of a second for the report's tests.

Probabilities are drawn at random; every number in summary.json is computed from them, and the csv
files and figures are of the same numbers, so that a page made of such a folder contradicts itself
only where the page is wrong. Nothing is trained. All images are synthetic, and said to be.
"""

import csv
import functools
import json
import tempfile
from pathlib import Path

import numpy as np

from covid.common.choices import DEFAULT_MODELS
from covid.figures.plots.canvas import sheet
from covid.metrics import measure, wilson_interval
from covid.metrics.thresholds import YOUDEN
from covid.report.conclusion import conclusion, doubt, not_beaten

PARTS = {"train": 60, "validate": 12, "test": 48}
PARAMETERS = {"compact_cnn": 15_169, "tiny_cnn": 65_777, "reduced_inception": 90_093}
TITLES = {"random": "slices split at random", "group": "patients kept apart"}
# How far apart the classes' scores are: known patients are recognized, new ones are not.
APART = {"random": 4.0, "group": -0.7}
TOPICS = ("most_wrong", "filters", "look", "graph")
CSV = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}
HOSTILE = "<script>alert('%s')</script>&amp;\"\n\udcff\x00\u202e.png"


def make_run(
    folder: Path,
    *,
    classes: tuple[str, str] = ("Infected", "Not_Infected"),
    models: tuple[str, ...] = DEFAULT_MODELS,
    splits: tuple[str, ...] = ("random", "group"),
    apart: dict[str, float] = APART,
    file_name: str = "P{patient:03d}_{number:03d}.png",
    figures: bool = True,
    seed: int = 0,
) -> dict:
    """Write a run folder; returns what its summary.json holds.

    Parameters
    ----------
    folder : Path
        New.
    classes : (positive, negative)
    apart : dict
        Split -> mean distance of the classes' scores, in their standard deviations.
    file_name : str
        Of the images, with places for patient and number.
    figures : bool
        Whether there are figures; they take most of the time.
    """
    rng = np.random.default_rng(seed)
    note = f"Synthetic images. A teaching tool, not for diagnosis. Positive class: {classes[0]}."
    summary = {
        **{"note": note, "positive": classes[0], "negative": classes[1], "synthetic": True},
        **{"source": "made by this run", "seed": seed, "recipe": "practice"},
        "recipes": {
            name: {"name": "practice", "image_size": 150, "augmentation": {"horizontal_flip": True}}
            | {"ratios": [0.5, 0.1, 0.4], "learning_rate": 0.001, "patience": None}
            for name in models
        },
        "versions": {"minicnn": "0.1.0", "python": "3.11.7", "numpy": "2.4.6"},
        "command": f"covid run --models {','.join(models)} --group '^[^_]+' --seed {seed}",
        "groups": {"source": "pattern '^[^_]+' in the file names", "count": 12},
        "splits": {},
    }
    for split in splits:
        data = {"enhanced-150px-50-10-40": data_entry(classes)}
        found = {}
        for name in models:
            predictions = {
                part: predict(rng, n, apart[split], file_name) for part, n in PARTS.items()
            }
            found[name] = model_entry(name, predictions)
            where = folder / split / name if can_be_a_file(name) else None
            if where is not None:
                write_files(where, predictions, classes, rng)
                if figures:
                    draw(folder / split / "figures", name)
        together = None if split == "random" else summary["groups"]["source"]
        entry = {"title": TITLES[split], "kept_together": together, "folder": split}
        entry |= baselines_entry(np.random.default_rng(seed), found)
        summary["splits"][split] = {**entry, "data": data, "models": found}
    summary["seconds"] = 58.2
    summary["examples"] = example_entries(summary, splits[-1], classes)
    summary["audit"] = audit_entry(classes, file_name)
    summary["controls"] = controls_entry(rng, models[0])
    summary["folds"] = folds_entry(rng, models)
    summary["conclusion"], summary["doubt"] = conclusion(summary), doubt(summary)
    if figures:
        for path in (
            "audit/pairs",
            "controls/masks",
            "figures/samples",
            "figures/preprocessing",
            "figures/augmentation",
            "figures/ill",
            "figures/healthy",
        ):
            picture(folder / f"{path}.png")
    write_summary(folder, summary)
    return summary


def can_be_a_file(name: str) -> bool:
    return "/" not in name and "\0" not in name


def write_summary(folder: Path, summary) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")


def data_entry(classes: tuple[str, str]) -> dict:
    """One kind of data; half of each part is positive."""
    total = sum(PARTS.values())
    return {
        **{"folder": "data/enhanced-150px-50-10-40", "enhanced": True, "ratios": [0.5, 0.1, 0.4]},
        **{"seed": 0, "files": {"kept": total, "unreadable": 1, "total": total + 1}},
        "counts": {part: dict.fromkeys(classes, n // 2) for part, n in PARTS.items()},
        "notes": ["two files are the same image"],
    }


def predict(rng, n: int, apart: float, file_name: str) -> list[tuple[str, int, float]]:
    """(file, label, probability) of n images; half of them are positive."""
    labels = np.arange(n) % 2
    scores = rng.normal(apart * (labels - 0.5), 1)
    names = [file_name.format(patient=k // 8, number=k) for k in range(n)]
    return list(zip(names, labels.tolist(), (1 / (1 + np.exp(-scores))).tolist(), strict=True))


def model_entry(name: str, predictions: dict[str, list]) -> dict:
    """A model's entry in the summary."""
    threshold = {"value": 0.5, "chosen_on": "validate", "method": YOUDEN}
    parts = {part: part_entry(rows) for part, rows in predictions.items()}
    return {
        "params": PARAMETERS.get(name, 1000),
        **{"epochs": 6, "best_epoch": 5, "seconds": 1.5, "class_weight": None},
        **{"threshold": threshold, **parts},
        "look": {"image": "Infected/P001_001.png", "method": "grad-cam", "passed": False}
        | {"verdict": "The map does not change with the weights."},
    }


def part_entry(rows: list[tuple[str, int, float]]) -> dict:
    """All numbers of a part."""
    labels = np.array([label for _, label, _ in rows])
    p = np.array([value for _, _, value in rows])
    guesses = (p > 0.5).astype(int)
    counts = np.zeros((2, 2), int)
    np.add.at(counts, (labels, guesses), 1)
    measures = measure(labels, p, 0.5)
    accuracy = measures["accuracy"]
    accuracy["group_low"] = max(0, accuracy["low"] - 0.02)
    accuracy["group_high"] = min(1, accuracy["high"] + 0.02)
    loss = float(-np.mean(np.log(np.where(labels == 1, p, 1 - p))))
    return {
        **{"loss": loss, "acc": accuracy["value"], "n": len(rows), "confusion": counts.tolist()},
        **{"threshold": 0.5, "answers_one_class": None, "prevalence": 0.1, "measures": measures},
        "remark": "Few groups (patients): 12; intervals by group are somewhat too narrow still.",
    }


def baselines_entry(rng, models: dict) -> dict:
    """Baselines that know nothing, and what the best model has to do with them."""
    names = ("majority class", "mean brightness", "gray histogram")
    rows = {name: part_entry(predict(rng, PARTS["test"], 0, "{number}")) for name in names}
    found = {name: {**row, "chosen_on": "validate"} for name, row in rows.items()}
    best = min(models, key=lambda name: models[name]["validate"]["loss"])
    beaten = not_beaten(models[best]["test"], found)
    return {"baselines": found, "best_model": best, "not_beaten": beaten}


def write_files(folder: Path, predictions: dict, classes: tuple[str, str], rng) -> None:
    """history.csv and predictions.csv."""
    folder.mkdir(parents=True)
    falling = np.exp(-np.arange(6) / 2) * 0.6 + rng.uniform(0, 0.05, 6)
    history = {"acc": 1 - falling / 2, "loss": falling, "val_acc": 1 - falling, "val_loss": falling}
    history = {key: values.tolist() for key, values in history.items()}
    with open(folder / "history.csv", "w", **CSV) as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        writer.writerows([k, *row] for k, row in enumerate(zip(*history.values(), strict=True), 1))
    with open(folder / "predictions.csv", "w", **CSV) as file:
        writer = csv.writer(file)
        columns = ["part", "file", "true", "predicted", f"p({classes[0]})"]
        writer.writerow([*columns, "threshold", "correct", "group"])
        for part, rows in predictions.items():
            for name, label, p in rows:
                true, guess = classes[1 - label], classes[0 if p > 0.5 else 1]
                name = name.replace("\0", "")  # which no file name can hold
                right = int(true == guess)
                writer.writerow([part, name, true, guess, f"{p:.6f}", "0.500000", right, ""])


def example_entries(summary: dict, split: str, classes: tuple[str, str]) -> dict:
    """The two slices of the first page."""
    model = summary["splits"][split]["best_model"]
    ill = {"file": f"{classes[0]}/a.png", "probability": 0.93, "lesion_share": 0.12}
    healthy = {"file": f"{classes[1]}/b.png", "probability": 0.08, "lesion_share": None}
    return {"split": split, "model": model, "ill": ill, "healthy": healthy}


def draw(folder: Path, name: str) -> None:
    """The figures of a model."""
    for topic in TOPICS:
        picture(folder / f"{topic}-{name}.png")


def picture(path: Path) -> None:
    """A stand-in for a figure, of the width that such figures have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wide, pair = path.name.startswith("graph"), path.stem in ("ill", "healthy")
    path.write_bytes(stand_in(12 if wide else 4, 2 if pair else 4))


@functools.cache
def stand_in(inches: int, height: int) -> bytes:
    """A diagonal and some dots."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "figure.png")
        with sheet(path, "A figure", "Synthetic images.", inches, height) as body:
            axes = body.subplots()
            axes.plot([0, 1], [0, 1])
            axes.plot(*np.random.default_rng(1).random((2, 20)), "o")
        return path.read_bytes()


def audit_entry(classes: tuple[str, str], file_name: str) -> dict:
    """What an audit of a leaking split says."""
    pairs, across, found = 310, 120, 44
    share = found / PARTS["test"]
    example = file_name.format(patient=1, number=1)
    rows = [
        ("border", "width of the border", 0.51, 0.41, 0.61, [6, 6], False),
        ("mean_intensity", "mean intensity", 0.83, 0.76, 0.9, [6, 6], True),
        ("file_format", "file format: png or not", 0.5, 0.4, 0.6, [6, 6], False),
    ]
    return {
        "verdict": f"The split leaks: {found} of {PARTS['test']} test images ({share:.0%}) have a "
        "near-duplicate among the training images.",
        **{
            "leaks": True,
            "images": sum(PARTS.values()),
            "split": "random",
            "identical": {"files": 2, "in_both_classes": 0, "pairs_across": 0},
        },
        "near_duplicates": {"pairs": pairs, "pairs_across": across, "share": share}
        | {"test_images_with_one": found, "test_images": PARTS["test"]},
        "inferred_groups": {"count": 14, "largest": 16},
        "patients_on_both_sides": {"count": 11, "of": 12, "examples": ["P001", example]},
        "confounders": [
            dict(zip(("name", "title", "auc", "low", "high", "units", "flagged"), row, strict=True))
            for row in rows
        ],
        "shortcuts": True,
    }


def controls_entry(rng, model: str) -> dict:
    """Controls in which the border scores like the image."""
    titles = {"image": "the image as it is", "permuted_labels": "permuted labels"}
    titles |= {"border_only": "the border alone", "histogram": "the histogram"}
    rows = []
    for name, title in titles.items():
        right = int(rng.binomial(48, 0.5 if name == "permuted_labels" else 0.9))
        low, high = wilson_interval(right, 48)
        row = {"name": name, "title": title, "what": f"{title}, nothing else", "n": 48}
        row |= {"accuracy": right / 48, "accuracy_low": low, "accuracy_high": high}
        flagged = name == "border_only"
        row |= {"auc": 0.84 if flagged else None, "auc_low": None, "auc_high": None}
        rows.append({**row, "flagged": flagged})
    verdict = "The border alone scores like the image: the model does not read the lungs."
    found = {"verdict": verdict, "split": "random", "model": model, "rows": rows}
    return {**found, "without_lungs": {"Infected": 0, "Not_Infected": 0}}


def folds_entry(rng, models: tuple[str, ...]) -> dict:
    """Five folds by group."""
    found: dict = {}
    for name in models:
        values = rng.uniform(0.3, 0.6, 5)
        lines = [
            {"fold": k + 1, "n_test": 24, "groups_test": 3, "accuracy": v, "auc": v, "loss": 1 - v}
            for k, v in enumerate(values.tolist())
        ]
        spread, mean = float(1.96 * values.std() / np.sqrt(5)), float(values.mean())
        entry = {"mean": mean, "low": mean - spread, "high": mean + spread}
        loss = {"mean": 1 - mean, "low": 1 - mean - spread, "high": 1 - mean + spread}
        found[name] = {"folds": lines, "measures": {"accuracy": entry, "auc": entry, "loss": loss}}
    together = "pattern '^[^_]+' in the file names"
    return {"k": 5, "kept_together": together, "notes": [], "weakness": "Few.", "models": found}
