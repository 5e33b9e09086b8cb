"""Reading a run folder: summary.json of any version.

A summary that is no summary is a `UserError`. Anything else may be missing, of an older version
or of another type than expected: the page then says that it is not there.
"""

import json
from pathlib import Path

from covid.errors import UserError, shortened
from covid.page.run_data import ModelRun, Run, SplitRun
from covid.page.values import look

SUMMARY = "summary.json"
TITLES = {"random": "slices split at random", "group": "patients kept apart"}


def read_run(folder: str | Path) -> Run:
    """Read a run folder.

    Raises
    ------
    UserError
        There is no summary.json, or it holds no results.
    """
    folder = Path(folder)
    path = folder / SUMMARY
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); name the folder of a finished `covid run`"
        ) from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, shortened(str(error))) from error
    if not isinstance(summary, dict):
        raise damaged(path, "it holds no results")
    splits = [
        read_split(folder, summary, key, entry) for key, entry in split_entries(summary).items()
    ]
    if not any(split.models for split in splits):
        raise damaged(path, "it holds no model's results")
    return Run(folder, summary, splits)


def damaged(path: Path, why: str) -> UserError:
    return UserError(
        f"{path} is damaged ({why}); delete it, and `covid run --resume {path.parent}` makes it anew"
    )


def split_entries(summary: dict) -> dict[str, dict]:
    """The splits of a summary, random first; one of the first version had a single one."""
    entries = summary.get("splits")
    if entries is None and "models" in summary:
        entries = {"group" if summary.get("split") == "group" else "random": summary}
    known = entries if isinstance(entries, dict) else {}
    order = sorted(known, key=lambda key: (key != "random", key != "group"))
    return {key: known[key] for key in order if isinstance(known[key], dict)}


def read_split(folder: Path, summary: dict, key: str, entry: dict) -> SplitRun:
    """A split's part of the summary."""
    inside = "" if entry is summary else str(entry.get("folder") or key)
    if ".." in Path(inside).parts or Path(inside).is_absolute() or "\0" in inside:
        inside = ""  # a summary from elsewhere must not make the page read other folders
    title = str(entry.get("title") or TITLES.get(key, key))
    models = look(entry, "models")
    found = {
        name: ModelRun(name, model, folder / inside / safe_name(name))
        for name, model in (models.items() if isinstance(models, dict) else ())
        if isinstance(model, dict)
    }
    return SplitRun(key, title, entry, folder / inside, found)


def safe_name(name: str) -> str:
    """A model's name as the name of a folder, which cannot lead elsewhere."""
    return name if Path(name).name == name and "\0" not in name and name != ".." else "_"
