"""Reading a run folder: summary.json, once, into the dataclasses of `run_data` and `model_run`.

What does not fit them is a `UserError` that says where, what was expected and what was found.
"""

import json
import re
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import UnionType
from typing import get_args, get_origin, get_type_hints

from covid.common.choices import GROUP, RANDOM, SUMMARY
from covid.common.errors import UserError, shortened, shown
from covid.metrics import MEASURES
from covid.report.model_run import ModelRun
from covid.report.run_data import Run, SplitRun
from minicnn.files import ordinary_file

LARGEST = 1e300  # neither infinite nor NaN, and sums stay finite
JSON_TYPES = {  # type of a field: (types in JSON, the same as text)
    float: ((int, float), "a number"),
    int: (int, "a count"),
    str: (str, "a text"),
    bool: (bool, "true or false"),
    dict: (dict, "an object"),
    list: (list, "a list"),
}
# A folder of its own inside the run folder, whatever a summary from elsewhere says.
FOLDER_NAME = re.compile(r"(?!\.\.?$)[^/\\\0]+")


class Misfit(ValueError):
    """A place in a file, what was expected there and what was found."""


def read_run(folder: str | Path) -> Run:
    """Read a run folder.

    Raises
    ------
    UserError
        There is no summary.json, or it is damaged, or of another version of this program.
    """
    folder = Path(folder)
    path = folder / SUMMARY
    try:
        run = convert(Run, json.loads(ordinary_file(path).read_text(encoding="utf-8")), "")
        check_names(run)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); name the folder of a finished `covid run`"
        ) from error
    except Misfit as error:
        raise UserError(
            f"{path}: {error}; it is damaged or of another version (whose report.html stays as it is): "
            f"start another run, or delete it, and `covid run --resume {folder}` trains and writes anew"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is damaged ({shortened(error)}); delete it, and "
            f"`covid run --resume {folder}` trains and writes anew"
        ) from error
    splits = {
        key: with_folders(run.splits[key], key, folder)
        for key in (RANDOM, GROUP)
        if key in run.splits
    }
    return replace(run, splits=splits, folder=folder)


def check_names(run: Run) -> None:
    """`Misfit` unless splits and models can be folders, each model with every measure."""
    fits = bool(run.splits) and set(run.splits) <= {RANDOM, GROUP}
    expect(fits, "splits", f'"{RANDOM}", "{GROUP}" or both', list(run.splits))
    for key, split in run.splits.items():
        place, names = f"splits.{key}.models", list(split.models)
        expect(names and names == run.model_names, place, "the same models in each split", names)
        for name, baseline in (split.baselines or {}).items():
            where = f"splits.{key}.baselines.{name}.measures"
            expect("accuracy" in baseline.measures, where, "an accuracy", list(baseline.measures))
        for name, model in split.models.items():
            expect(FOLDER_NAME.fullmatch(name), place, "names of folders", name)
            for part, result in model.parts.items():
                where, measures = f"{place}.{name}.{part}.measures", result.measures
                expect(list(measures) == list(MEASURES), where, "all measures", list(measures))
                convert(float, measures["accuracy"].value, f"{where}.accuracy.value")


def with_folders(split: SplitRun, key: str, folder: Path) -> SplitRun:
    """The same with names and folders filled in."""
    models: dict[str, ModelRun] = {
        name: replace(model, name=name, folder=folder / key / name)
        for name, model in split.models.items()
    }
    return replace(split, key=key, folder=folder / key, models=models)


def convert(kind, content, place: str):
    """Content of a JSON file as a value of a type: a dataclass, X | None, dict[str, X], list[X],
    tuple[X, Y], or a plain one. `Misfit` where it is of another type; counts are not negative."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if content is None else convert(inner[0], content, place)
    if is_dataclass(kind):
        require(dict, content, place)
        return kind(
            **{
                name: convert(hint, content.get(name, default), f"{place}.{name}".lstrip("."))
                for name, (hint, default) in fields_in_file(kind).items()
            }
        )
    if origin is tuple:
        require(list, content, place)
        expect(len(content) == len(inner), place, f"{len(inner)} values", content)
        pairs = zip(inner, content, strict=True)
        return tuple(convert(one, value, f"{place}[{k}]") for k, (one, value) in enumerate(pairs))
    require(origin or kind, content, place)
    if origin is dict:
        return {key: convert(inner[1], value, f"{place}.{key}") for key, value in content.items()}
    if origin is list:
        return [convert(inner[0], value, f"{place}[{k}]") for k, value in enumerate(content)]
    return content


def require(kind: type, content, place: str) -> None:
    """`Misfit` unless a value is of a plain type."""
    types, expected = JSON_TYPES[kind]
    fits = isinstance(content, types) and (kind is bool or not isinstance(content, bool))
    if fits and kind in (int, float):
        fits = abs(content) < LARGEST and (kind is float or content >= 0)
    expect(fits, place, expected, content)


def expect(fits, place: str, expected: str, found) -> None:
    """`Misfit` unless something fits."""
    if not fits:
        found = "nothing" if found is MISSING else shown(shortened(json.dumps(found), 40))
        raise Misfit(f"{shown(place)}{': ' if place else ''}expected {expected}, found {found}")


@cache
def fields_in_file(kind: type) -> dict[str, tuple]:
    """Name -> (type, default) of the fields that a file has: without a default, or with None."""
    hints = get_type_hints(kind)
    return {
        one.name: (hints[one.name], one.default)
        for one in fields(kind)
        if one.default is None or (one.default is MISSING and one.default_factory is MISSING)
    }
