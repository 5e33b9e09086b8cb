"""Models from files: what `minicnn.saving` has written becomes a model again."""

import numpy as np

from minicnn import optimizers
from minicnn.arguments import refuse_unsupported
from minicnn.models.model import Model
from minicnn.models.sequential import Sequential
from minicnn.saving.description_checks import check_description
from minicnn.saving.npz import ModelFileError, read_npz
from minicnn.saving.rebuild import rebuild
from minicnn.saving.weights import (
    OPTIMIZER,
    check_slots,
    check_weights,
    put_counters,
    put_slots,
    put_weights,
)

CLASSES = {kind.kind: kind for kind in (Model, Sequential)}


def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    """Make the model that `Model.save` wrote, compiled if it was compiled.

    Takes the memory of the file's arrays twice: as they are read, and as the model's parameters.
    Weights that are NaN or infinite are loaded as they are.

    Parameters
    ----------
    filepath : path
    custom_objects : None
        Keras' argument, not supported: a file names minicnn's own classes only.
    compile : bool
        Whether the model is compiled as it was, with the state of its optimizer.
    safe_mode : bool
        Has no effect: no code is ever read from a file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a model file of minicnn.
    """
    refuse_unsupported("load_model", {"custom_objects": (custom_objects, None, {})})
    arrays, meta = read_npz(filepath)
    if meta is None:
        problem = "expected a whole model, found weights alone"
        raise ModelFileError(filepath, problem, "use load_weights")
    if not compile:
        meta.pop("compiled", None)
        arrays = {name: arrays[name] for name in arrays if not name.startswith(OPTIMIZER)}
    return assemble(arrays, meta, filepath)


def assemble(arrays: dict[str, np.ndarray], meta: dict, path):
    """The model of these arrays and this description; errors name `path` as their source."""
    try:
        check_description(meta)
        model = rebuild(meta, CLASSES, lambda shapes: check_weights(shapes, arrays, path))
        put_counters(model, meta)
        model.metadata = meta["metadata"]
        if "compiled" in meta:
            compile_again(model, meta["compiled"])
    except ModelFileError:
        raise
    # RuntimeError: a chain of layers that was never built, or one without end
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        problem = f"the model's description is damaged ({error})"
        raise ModelFileError(path, problem) from None
    check_slots(model, arrays, path, model.optimizer.iterations if model.optimizer else 0)
    put_weights(model, arrays, path)
    put_slots(model, arrays)
    return model


def compile_again(model, compiled: dict) -> None:
    """Compile a model as `describe` found it, but for the optimizer's arrays."""
    optimizer = type(optimizers.get(compiled["optimizer"])).from_config(compiled["config"])
    optimizer.exclude_from_weight_decay(var_names=compiled.get("not_decayed"))
    optimizer.iterations = compiled["iterations"]
    metrics = compiled["metrics"]
    if len(model.outputs) > 1 and all(isinstance(one, str) for one in metrics):
        metrics = [metrics] * len(model.outputs)  # an older file: the same for each of them
    model.compile(
        optimizer,
        compiled["losses"],
        metrics,
        compiled["loss_weights"],
        compiled.get("weighted_metrics"),
    )
