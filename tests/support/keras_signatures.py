"""The signatures of Keras' public functions, classes and methods that minicnn has as well.

They are recorded in golden/keras_signatures.json, so that they can be compared where Keras is not
installed; `python tests/support/keras_signatures.py` writes the record anew.
"""

import importlib
import inspect
import json
import os
from pathlib import Path

RECORD = Path(__file__).parent / "golden" / "keras_signatures.json"
ROOMS = (
    "layers",
    "models",
    "optimizers",
    "callbacks",
    "losses",
    "metrics",
    "initializers",
    "utils",
)
IMAGE = "preprocessing.image"  # in Keras 3 a part of keras.utils, and what is left of Keras 2
# What our code calls, and Keras' users do not; it only happens to have the name of something there.
INTERNAL = {"Optimizer.apply", "Optimizer.update", "Layer.build", "Layer.count_params"}


def public(room: str) -> dict:
    """The functions and classes of a room of minicnn, and the classes' methods, by name."""
    module = importlib.import_module(f"minicnn.{room}")
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    found = {name: getattr(module, name) for name in names if callable(getattr(module, name))}
    methods = {
        f"{name}.{key}": getattr(kind, key)
        for name, kind in found.items()
        if inspect.isclass(kind)
        for key in dir(kind)
        if not key.startswith("_") and inspect.isroutine(getattr(kind, key))
    }
    return {f"{room}.{name}": value for name, value in {**found, **methods}.items()}


def keras_room(room: str) -> list:
    """The modules of an installed Keras that hold what a room of minicnn has."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    names = [f"keras.{room}"] if room != IMAGE else ["keras.src.legacy.preprocessing.image"]
    return [importlib.import_module(name) for name in (*names, "keras.utils")]


def signature(function) -> list[list] | None:
    """[name, default as text or None] of each argument but *args, **kwargs and self."""
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [
        [one.name, None if one.default is one.empty else repr(one.default)]
        for one in arguments
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.name != "self"
    ]


def installed() -> dict[str, list]:
    """The signatures in the installed Keras of all that minicnn has as well."""
    found = {}
    for room in (*ROOMS, IMAGE):
        modules = keras_room(room)
        for label in public(room):
            value = next((one for one in modules if hasattr(one, label.split(".")[-1])), None)
            path = label.removeprefix(f"{room}.").split(".")
            for module in modules:
                value = module
                for name in path:
                    value = getattr(value, name, None)
                if value is not None:
                    break
            if callable(value) and (arguments := signature(value)):
                found[label] = arguments
    return found


if __name__ == "__main__":
    RECORD.write_text(json.dumps(installed(), indent=1) + "\n")
