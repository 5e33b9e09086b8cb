"""What a command ends with: its results, where everything is, and how to go on."""

import shlex
import time
import webbrowser
from argparse import Namespace
from pathlib import Path

from covid.common.choices import MODEL_FILE, PREDICTIONS
from covid.common.csv_cells import csv_rows
from covid.common.screen import QUIET, duration, program, put, say, width
from covid.data.manifest import read_manifest, words_for
from covid.pipeline.options import Options
from covid.pipeline.results_table import results_table
from covid.report import REPORT


def end_run(summary: dict, run: Options, options: Namespace) -> None:
    """Print the results and how to go on; open the report if that was asked for."""
    end(results_table(summary), run.out, options)
    page = run.out / REPORT
    if options.verbose != QUIET:
        say(f"The report is {page}. What to do next, for example:")
        put("\n".join(f"  {folded(words)}" for words in next_commands(summary, run.out)))
    if options.open:
        open_page(page)


def end(results: str, folder: Path, options: Namespace) -> None:
    """Print the results, which --quiet leaves alone; else how long it took and where all is."""
    if options.verbose == QUIET:
        put(results)
        return
    put(f"\n{results}\n")
    took = duration(time.perf_counter() - options.started)
    say(f"Done in {took}. Everything is in {folder}.", "green")


def open_page(page: Path) -> None:
    """Show a report in the user's browser."""
    if not webbrowser.open(page.absolute().as_uri()):
        say(f"note: no browser could be started; open {page} in one", "yellow")


def next_commands(summary: dict, out: Path) -> list[list[str]]:
    """Three commands about the best model, with files that are there."""
    split = list(summary["splits"].values())[-1]  # by patient, where there are two
    folder = out / split["folder"] / split["best_model"]
    asked = [str(folder / MODEL_FILE), *surest_slice(split, folder, summary["positive"], out)]
    return [[command, *asked] for command in ("look", "explain", "predict")]


def surest_slice(split: dict, folder: Path, positive: str, out: Path) -> list[str]:
    """The positive test image to which the model in `folder` gives the highest probability."""
    with csv_rows(folder / PREDICTIONS) as lines:
        rows = [row for row in lines if row["part"] == "test"]
    surest = max(rows, key=lambda row: (row["true"] == positive, float(row[f"p({positive})"])))
    folders = [out / data["folder"] for data in split["data"].values()]
    return next(
        words_for(row, place)
        for place in folders
        for row in read_manifest(place)
        if row["file"] == f"test/{surest['file']}"
    )


def folded(words: list[str]) -> str:
    """A command as it can be pasted, on several lines where it is too long for one."""
    lines = [program()]
    for word in map(shlex.quote, words):
        if len(lines[-1]) + len(word) + 5 > width():  # the indent, a blank, and the backslash
            lines[-1] += " \\"
            lines.append(f"    {word}")
        else:
            lines[-1] += f" {word}"
    return "\n".join(lines)
