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
IMAGE = "preprocessing.image"  # in Keras 3 a part of keras.utils, and what is left of Keras 2
ROOMS = (
    *("layers", "models", "optimizers", "optimizers.schedules", "callbacks", "losses", "metrics"),
    *("initializers", "utils", IMAGE),
)


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
        if not key.startswith("_")
        and inspect.isroutine(getattr(kind, key))
        # once, where several classes have it from one that is public as well
        and not any(key in dir(base) for base in kind.__mro__[1:] if base in found.values())
    }
    return {f"{room}.{name}": value for name, value in {**found, **methods}.items()}


def arguments(function) -> dict[str, str | None]:
    """Argument to default, as text; None where there is none. Without self, *args and **kwargs."""
    return {
        one.name: None if one.default is one.empty else repr(one.default)
        for one in inspect.signature(function).parameters.values()
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.name != "self"
    }


def installed() -> dict[str, dict]:
    """The arguments in the installed Keras of all that minicnn has as well."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    found = {}
    for room in ROOMS:
        own = "keras.src.legacy.preprocessing.image" if room == IMAGE else f"keras.{room}"
        modules = [importlib.import_module(name) for name in (own, "keras.utils")]
        for label in public(room):
            for module in modules:
                value = module
                for name in label.removeprefix(f"{room}.").split("."):
                    value = getattr(value, name, None)
                if callable(value):
                    found[label] = arguments(value)
                    break
    return {label: given for label, given in found.items() if given}


if __name__ == "__main__":
    lines = (f"{json.dumps(label)}: {json.dumps(given)}" for label, given in installed().items())
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n")
