"""`python -m benchmarks readme`: every time and figure in the README, measured or counted.

    python -m benchmarks readme lines              # the part to read: seconds
    python -m benchmarks readme run                # the first command, twice: minutes
    python -m benchmarks readme run --run results  # the same of a run that is there already
    python -m benchmarks readme results --data slices --group '^[^_]+'  # all models: hours

What was measured is kept in `readme.json` (and, a line for each result, in `readme.csv`) in the
folder of `--out`, and a later call adds to it: a long measurement may be made in parts, by
`--models`, `--seeds` and `--images`. `--write` puts the tables into the README, between the comments
that are there for them, and the pictures of `run` into `covid/readme`. The numbers that
the README has now are those of `benchmarks/readme.json`.
"""

import argparse
import csv
import json
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.first_run import timed
from benchmarks.readme_tables import IMAGES, REAL, ROOT, SYNTHETIC, blocks
from benchmarks.roofline.pages import replace_table, write_text
from covid.common.choices import BOTH, DEFAULT_MODEL, MODEL_FILE, MODEL_NAMES, SUMMARY
from covid.common.screen import QUIET, Screen
from covid.data.split_folder import open_split
from covid.figures.examples import example_slices
from covid.metrics import careful_interval
from covid.pipeline.options import Options
from covid.pipeline.results_table import results_table, tests_of
from covid.pipeline.run import run_all
from covid.training.model_file import open_model
from covid.training.train import evaluate_parts
from minicnn.machine import cores, processor

PAGE, PICTURES = ROOT / "README.md", ROOT / "covid/readme"
GAP = 16  # pixels between the two slices
PARTS = ("lines", "run", "results")
KEY = ("images", "seed", "split", "model")  # of a result


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    options = parse(arguments)
    kept = options.out / "readme.json" if options.out else None
    found = json.loads(kept.read_text(encoding="utf-8")) if kept and kept.exists() else {}
    if "run" in options.parts:
        pictures = PICTURES if options.write else None
        found["run"] = of_run(options.run, pictures) if options.run else first_command(pictures)
    if "results" in options.parts:
        for images in IMAGES if options.data else (SYNTHETIC,):
            for seed in options.seeds if images in options.images else ():
                found["results"] = merged(found.get("results", []), measure(options, images, seed))
                save(found, options.out)
    save(found, options.out)
    for name, lines in blocks(found).items():
        print("\n".join([f"<!-- {name} -->", *lines, ""]))
        if options.write:
            replace_table(PAGE, name, lines)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks readme",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commas = {"type": lambda text: tuple(text.split(",")), "metavar": "A,B"}
    parser.add_argument(
        "parts",
        nargs="*",
        choices=[*PARTS, []],
        metavar="PART",
        help=f"{', '.join(PARTS)} (default: all)",
    )
    parser.add_argument("--run", type=Path, metavar="DIR", help="a finished `covid run`")
    parser.add_argument("--data", type=Path, metavar="DIR", help="real slices, in class folders")
    parser.add_argument("--group", metavar="REGEX", help="the patient in a name of --data")
    parser.add_argument("--positive", metavar="NAME", help="the positive class of --data")
    parser.add_argument(
        "--images", default=IMAGES, help="synthetic, real (default: both)", **commas
    )
    parser.add_argument("--models", default=MODEL_NAMES, help="default: all five", **commas)
    parser.add_argument("--seeds", default=("0", "1", "2"), help="default 0,1,2", **commas)
    parser.add_argument("--epochs", type=int, metavar="N", help="at most so many, to try it")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for readme.json and readme.csv")
    parser.add_argument("--write", action="store_true", help="put the tables into README.md")
    options = parser.parse_args(arguments)
    options.parts = options.parts or PARTS
    options.seeds = tuple(map(int, options.seeds))
    return options


def first_command(pictures: Path | None) -> dict:
    """Time `covid run` twice: with no compiled kernels kept on disk, and with those of the first."""
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = (timed("run", Path(folder), number).wall for number in range(2))
        found = of_run(Path(folder) / "results-1", pictures)
    return {**found, "seconds": {"cold": round(cold, 1), "warm": round(warm, 1)}}


def of_run(folder: Path, pictures: Path | None) -> dict:
    """What the README says of a run: seconds, cores, and the table that was printed."""
    if pictures is not None:
        write_pictures(folder, pictures)
    summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    return {
        "seconds": {"warm": summary["seconds"]},
        "cores": cores()[0],
        "processor": processor(),
        "table": results_table(summary).splitlines(),
    }


def write_pictures(run: Path, folder: Path) -> None:
    """Write the pages' pictures of a run: an ill and a healthy slice in one, by our own model."""
    folder.mkdir(exist_ok=True)
    summary = json.loads((run / SUMMARY).read_text(encoding="utf-8"))
    way = list(summary["splits"].values())[-1]  # by patient, where there are two
    name = DEFAULT_MODEL if DEFAULT_MODEL in way["models"] else way["best_model"]
    model = open_model(run / way["folder"] / name / MODEL_FILE)
    split = open_split(run / next(iter(way["data"].values()))["folder"])
    result = evaluate_parts(model, split, ["test"])["test"]
    with tempfile.TemporaryDirectory() as drawn:
        method = way["models"][name]["look"]["method"]
        example_slices(model, result, split, method, Path(drawn))
        ill, healthy = (Image.open(Path(drawn) / file) for file in ("ill.png", "healthy.png"))
        both = Image.new("RGB", (ill.width + GAP + healthy.width, ill.height), "white")
        both.paste(ill)
        both.paste(healthy, (ill.width + GAP, 0))
    both.save(folder / "heat_maps.jpg", quality=85)
    for name in ("samples", "preprocessing"):
        sheet = Image.open(run / f"figures/{name}.png").convert("RGB")
        sheet.save(folder / f"{name}.jpg", quality=85)


def measure(options: argparse.Namespace, images: str, seed: int) -> list[dict]:
    """Train all models on one set, split both ways; a line for each result."""
    real = images == REAL
    with tempfile.TemporaryDirectory() as folder:
        summary = run_all(
            Options(
                Path(folder) / "out",
                data=options.data if real else None,
                group=options.group if real else None,
                positive=options.positive if real else None,
                models=options.models,
                split=BOTH,
                seed=seed,
                epochs=options.epochs,
                audit=False,
                screen=Screen(QUIET),
            )
        )
    return [
        {"images": images, "seed": seed, "split": way, "model": name, **numbers(split, name)}
        for way, split in summary["splits"].items()
        for name in tests_of(split)
    ]


def numbers(split: dict, name: str) -> dict:
    """The test results of a model or baseline."""
    test, model = tests_of(split)[name], split["models"].get(name, {})
    measures = test["measures"]
    low, high = careful_interval(measures["accuracy"])
    return {
        "accuracy": test["acc"],
        "low": low,
        "high": high,
        "balanced_accuracy": measures["balanced_accuracy"]["value"],
        "roc_auc": measures["roc_auc"]["value"],
        "threshold": test["threshold"],
        "epochs": model.get("epochs"),
    }


def merged(before: list[dict], new: list[dict]) -> list[dict]:
    """The results of before and the new ones, which replace those of the same model and split."""
    rows = {tuple(row[name] for name in KEY): row for row in [*before, *new]}
    return [rows[key] for key in sorted(rows)]


def save(found: dict, folder: Path | None) -> None:
    """Write readme.json and readme.csv."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "readme.json", json.dumps(found, indent=1) + "\n")
    rows = found.get("results", [])
    with open(folder / "readme.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0] if rows else KEY)
        writer.writeheader()
        writer.writerows(rows)
