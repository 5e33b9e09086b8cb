"""Models and weights as .npz files: arrays under readable names and one text of JSON, no pickle.

A file holds `weights/<layer>/<parameter>` and, where the model was saved whole,
`optimizer/<slot>/<layer>/<parameter>` and `__meta__`: the layers with their arguments, how they
are connected, and how the model was compiled (see `minicnn.saving.describe`). A file that is
refused changes nothing: no model, and nothing on disk.
"""

import json
import warnings

import numpy as np

from minicnn.saving.describe import describe
from minicnn.saving.npz import ANOTHER_FILE, META, ModelFileError, read_npz, write_npz

WEIGHTS, OPTIMIZER = "weights/", "optimizer/"
CALLBACKS, TRAINING = "callbacks/", "__training__"  # in checkpoints alone


def save_model(model, path) -> None:
    """Write a model with all that training it further needs."""
    write_npz(path, model_arrays(model))


def save_weights(model, path) -> None:
    """Write the weights alone."""
    write_npz(path, {f"{WEIGHTS}{name}": param for name, param in model.named_weights().items()})


def model_arrays(model) -> dict[str, np.ndarray]:
    """All that a file holds of a model, under the names it has there."""
    weights = model.named_weights()
    arrays = {f"{WEIGHTS}{name}": param for name, param in weights.items()}
    if model.optimizer is not None and model.optimizer.iterations > 0:
        for slot, by_name in model.optimizer.slots.items():
            for name, param in weights.items():
                # A layer that got a new name has no slots until the next step, which are zero then.
                array = by_name[name] if name in by_name else np.zeros_like(param)
                arrays[f"{OPTIMIZER}{slot}/{name}"] = array
    arrays[META] = np.array(json.dumps(describe(model)))
    return arrays


def load_weights(model, path, skip_mismatch: bool = False) -> None:
    """Read weights into a model that has the same layers.

    With `skip_mismatch`, layers whose arrays the file has not, or not in their shapes, stay as they
    are, and a warning names them.

    FileNotFoundError if there is no such file; ValueError if it cannot be read, or its arrays are
    not those of the model.
    """
    arrays, _ = read_npz(path)
    if skip_mismatch:
        arrays = with_misfits_replaced(model, arrays, path)
    put_weights(model, arrays, path)


def with_misfits_replaced(model, arrays: dict[str, np.ndarray], path) -> dict[str, np.ndarray]:
    """The weights of a file, and the model's own for layers of which it has not all."""
    fitting: dict[str, np.ndarray] = {}
    skipped = []
    for layer in model.graph.layers:
        own = {f"{WEIGHTS}{layer.name}/{name}": param for name, param in layer.params.items()}
        shapes = {name: param.shape for name, param in own.items()}
        prefix = f"{WEIGHTS}{layer.name}/"
        found = {name: array for name, array in arrays.items() if name.startswith(prefix)}
        if shapes != {name: array.shape for name, array in found.items()}:
            skipped.append(layer.name)
            found = own
        fitting.update(found)
    if skipped:
        warnings.warn(f"{path}: no fitting weights for {some(skipped)}", stacklevel=4)
    return fitting


def put_state(model, arrays: dict[str, np.ndarray], meta: dict, path) -> None:
    """Bring a compiled model to the state in which another one of the same layers was saved.

    ValueError where the file does not fit; the model is then as it was.
    """
    iterations = meta["compiled"]["iterations"]
    settings = type(model.optimizer).from_config(meta["compiled"]["config"])  # of possible values
    check_slots(model, arrays, path, iterations)
    check_masks(model, meta)
    put_weights(model, arrays, path)
    if settings.schedule is None:
        model.optimizer.learning_rate = settings.learning_rate
    model.optimizer.iterations = iterations
    put_slots(model, arrays)
    model.seed = meta["seed"]
    put_counters(model, meta)


def check_masks(model, meta: dict) -> None:
    """ValueError unless there is a mask for dropout and for nothing else."""
    for layer, entry in zip(model.graph.layers, meta["layers"], strict=True):
        if hasattr(layer, "mask_seed") != (entry.get("mask") is not None):
            raise ValueError(f"{layer.label}: expected a mask for dropout and for nothing else")


def put_counters(model, meta: dict) -> None:
    """Set what random numbers follow from beside the seed: dropout's steps, the epochs."""
    check_masks(model, meta)
    for layer, entry in zip(model.graph.layers, meta["layers"], strict=True):
        if entry.get("mask") is not None:
            layer.mask_seed, layer.step = entry["mask"]
    model.epochs_done = meta["epochs_done"]


def put_weights(model, arrays: dict[str, np.ndarray], path) -> None:
    """Copy a file's weights into a model; ValueError that names the first misfit."""
    params = model.named_weights()
    shapes = {name: param.shape for name, param in params.items()}
    check_weights(shapes, arrays, path, "take a model with the same layers, or another file")
    with np.errstate(all="ignore"):  # what is too large for float32 becomes infinity
        for name, param in params.items():
            param[...] = arrays[f"{WEIGHTS}{name}"]


def put_slots(model, arrays: dict[str, np.ndarray]) -> None:
    """Give a loaded model's optimizer its arrays back; it has none before its first step."""
    if model.optimizer is None or model.optimizer.iterations == 0:
        return
    for slot, by_name in model.optimizer.slots.items():
        for name, param in model.named_weights().items():
            # In C order: the optimizer goes through it as through one row of values.
            by_name[name] = arrays[f"{OPTIMIZER}{slot}/{name}"].astype(param.dtype, order="C")


def check_weights(
    shapes: dict[str, tuple], arrays: dict[str, np.ndarray], path, remedy: str = ANOTHER_FILE
) -> None:
    """ModelFileError unless a file's weights have exactly these names and shapes."""
    expected = {f"{WEIGHTS}{name}": shape for name, shape in shapes.items()}
    found = {name: array for name, array in arrays.items() if name.startswith(WEIGHTS)}
    check_arrays(expected, found, path, remedy)


def check_slots(model, arrays: dict[str, np.ndarray], path, iterations: int) -> None:
    """ModelFileError unless all but the weights is what the optimizer has after these steps.

    The arrays of checkpoints alone are ignored; see `minicnn.saving.checkpoint`.
    """
    slots = model.optimizer.slots if iterations > 0 else ()
    params = model.named_weights().items()
    expected = {
        f"{OPTIMIZER}{slot}/{name}": param.shape for slot in slots for name, param in params
    }
    others = (WEIGHTS, CALLBACKS, TRAINING)
    found = {name: array for name, array in arrays.items() if not name.startswith(others)}
    check_arrays(expected, found, path)


def check_arrays(expected: dict[str, tuple], found: dict, path, remedy: str = ANOTHER_FILE) -> None:
    """ModelFileError that names the arrays that are missing, too many, or misshapen."""
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    if missing or extra:
        lists = {"without": missing, "with": extra}
        misfit = " and ".join(f"{word} {some(names)}" for word, names in lists.items() if names)
        problem = f"expected the arrays of this model, found a file {misfit}"
        raise ModelFileError(path, problem, remedy)
    for name, shape in expected.items():
        array = found[name]
        if array.shape != shape or array.dtype.kind != "f":
            problem = (
                f"expected {name} to be floats of shape {shape}, found {array.dtype} of shape "
                f"{array.shape}"
            )
            raise ModelFileError(path, problem, remedy)


def some(names: list[str], most: int = 5) -> str:
    """A few names of many, as a sentence lists them."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
