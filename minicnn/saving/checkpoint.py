"""What a training needs to be resumed as if it had never been interrupted.

A checkpoint is a model file (see `minicnn.saving`; `load_model` reads it) with a further JSON
entry, `__training__`: the position of the training, the callbacks' state, and which data it was.
All else follows from seeds and counters that a model file has already: the order of the samples
and their augmentation from seed and epoch, dropout from its counter. So the weights after an
interruption are those of a training without one, bit for bit.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.metrics.reported import metrics_by_key
from minicnn.saving.describe import describe
from minicnn.saving.description_checks import check_description
from minicnn.saving.npz import ModelFileError, parse_json, read_npz, write_npz
from minicnn.saving.weights import CALLBACKS, TRAINING, model_arrays, put_state

VERSION = 3  # of that entry
# The entries of a model's description that change while it trains.
CHANGING = ("epochs_done", "seed", "metadata", "name")


@dataclass
class Position:
    """A position in a training.

    Attributes
    ----------
    epoch : int
        The current epoch, from 0.
    step : int
        Steps done in it.
    totals : dict of str to float array
        The sums of the metrics and losses over these steps, by key.
    """

    epoch: int
    step: int = 0
    totals: dict[str, np.ndarray] = field(default_factory=dict)


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or is one of another training."""

    def __init__(self, problem: str):
        super().__init__(f"{problem}; delete it to start anew")


@one_step_at_a_time()
def write_checkpoint(
    path: Path, model, position: Position, observers, feeds: list, seconds: float
) -> None:
    """Write a model and all that is needed to resume its training.

    `observers` is the CallbackList, `feeds` the data of training and, where there is one, of
    validation, `seconds` the time of training so far. OSError if the file cannot be written,
    TypeError if a callback's state cannot.
    """
    arrays = model_arrays(model)
    states = []
    for index, callback in enumerate(observers.callbacks):
        name = type(callback).__name__
        values, held = split_state(callback.get_state(), f"{CALLBACKS}{index}")
        try:
            json.dumps(values, default=to_python)
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(
                f"{name}.get_state: expected a dict of numbers, strings, lists and arrays, got one "
                f"that cannot be written to a checkpoint ({error})"
            ) from None
        states.append({"class": name, "state": values})
        arrays.update(held)
    training = {
        "version": VERSION,
        "position": {
            **asdict(position),
            "totals": {key: sums.tolist() for key, sums in position.totals.items()},
        },
        "stop_training": model.stop_training,
        "seconds": seconds,
        "callbacks": states,
        "feeds": [feed.identity() for feed in feeds],
        "params": {key: observers.params[key] for key in ("epochs", "steps")},
    }
    arrays[TRAINING] = np.array(json.dumps(training, default=to_python))
    write_npz(path, arrays)


def to_python(value) -> int | float | bool:
    """Python's number for NumPy's, which JSON does not know; TypeError for what is no number."""
    return value.item() if isinstance(value, np.generic) else float(value)  # an integer stays one


def read_checkpoint(path: Path, model, observers, feeds: list) -> tuple[Position, float]:
    """Restore what `write_checkpoint` wrote; the model is changed when all has been checked.

    Returns position and seconds of training so far. CheckpointError if the file cannot be read, or
    is one of another model, other callbacks or other data.
    """
    try:
        arrays, meta = read_npz(path)
        if meta is None or TRAINING not in arrays:
            raise CheckpointError(
                f"{path}: expected a checkpoint of a training, found a model alone"
            )
        training = parse_json(arrays.pop(TRAINING))
        check_description(meta)
        require_same_training(path, meta, training, model, observers, feeds)
        position, seconds = Position(**training["position"]), float(training["seconds"])
        check_position(position, observers.params, model)
        stop_training = bool(training["stop_training"])
        seeds = [identity["seed"] for identity in training["feeds"]]
        for index, callback in enumerate(observers.callbacks):
            state = training["callbacks"][index]["state"]
            callback.set_state(join_state(state, arrays, f"{CALLBACKS}{index}"))
        put_state(model, arrays, meta, path)
    except CheckpointError:
        raise
    except ModelFileError as error:
        raise CheckpointError(error.problem) from None
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: the checkpoint is damaged ({error!r})") from None
    model.stop_training = stop_training
    for feed, seed in zip(feeds, seeds, strict=True):
        feed.seed = seed
    return position, seconds


def check_position(position: Position, params: dict, model) -> None:
    """ValueError unless it is within a training of so many epochs and steps; makes arrays of sums."""
    shapes = {key: metric.shape for key, metric in metrics_by_key(model).items()}
    sums = {key: np.array(values, float) for key, values in position.totals.items()}
    counts = (position.epoch, position.step)
    if (
        not all(type(count) is int and count >= 0 for count in counts)
        or position.epoch > params["epochs"]
        or position.step > params["steps"]
        or {key: array.shape for key, array in sums.items()} != (shapes if position.step else {})
    ):
        raise ValueError(f"no training can stand at {position}")
    position.totals = sums


def require_same_training(path, meta: dict, training: dict, model, observers, feeds: list) -> None:
    """CheckpointError unless a checkpoint is one of this very training."""
    if training["version"] != VERSION:
        raise CheckpointError(
            f"{path}: expected a checkpoint of version {VERSION}, got {training['version']}, which "
            "another version of minicnn resumes"
        )
    pairs = {
        "model": (unchanging(meta), unchanging(describe(model))),
        "epochs and steps": (
            training["params"],
            {key: observers.params[key] for key in ("epochs", "steps")},
        ),
        "callbacks": (
            [entry["class"] for entry in training["callbacks"]],
            [type(callback).__name__ for callback in observers.callbacks],
        ),
        "data": (
            [{**identity, "seed": None} for identity in training["feeds"]],
            [{**feed.identity(), "seed": None} for feed in feeds],
        ),
    }
    for what, (there, here) in pairs.items():
        if there != here:
            raise CheckpointError(
                f"{path}: expected a checkpoint of this training, got one of another {what} "
                f"({first_difference(there, here)})"
            )


def unchanging(meta: dict) -> dict:
    """A model's description without what changes while it trains."""
    kept = {key: value for key, value in meta.items() if key not in CHANGING}
    kept["layers"] = [{**layer, "mask": None} for layer in meta["layers"]]
    config = dict(meta["compiled"]["config"])
    if not isinstance(config["learning_rate"], dict):  # a schedule stays
        config["learning_rate"] = None
    kept["compiled"] = {**meta["compiled"], "config": config, "iterations": None}
    return json.loads(json.dumps(kept))


def first_difference(there, here) -> str:
    """Where two nested descriptions differ first, as a short text."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in dict.fromkeys([*there, *here]):
            if there.get(key) != here.get(key):
                return f"{key}: {first_difference(there.get(key), here.get(key))}"
    if isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        return next(first_difference(a, b) for a, b in zip(there, here, strict=True) if a != b)
    return f"{shortened(there)} there, {shortened(here)} here"


def shortened(value) -> str:
    """A value as text of at most 60 characters."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def split_state(state: dict, prefix: str) -> tuple[dict, dict[str, np.ndarray]]:
    """Divide a callback's state into what JSON holds and arrays (or lists of them)."""
    values, arrays = {}, {}
    for key, value in state.items():
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}/{key}"] = value
            values[key] = {"array": True}
        elif isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            arrays.update({f"{prefix}/{key}/{i}": array for i, array in enumerate(value)})
            values[key] = {"arrays": len(value)}
        else:
            values[key] = {"value": value}
    return values, arrays


def join_state(values: dict, arrays: dict[str, np.ndarray], prefix: str) -> dict:
    """Undo `split_state`."""
    state = {}
    for key, entry in values.items():
        if "value" in entry:
            state[key] = entry["value"]
        elif "array" in entry:
            state[key] = arrays[f"{prefix}/{key}"]
        else:
            state[key] = [arrays[f"{prefix}/{key}/{i}"] for i in range(entry["arrays"])]
    return state
