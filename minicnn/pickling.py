"""Models as bytes for other processes of the same program: `pickle.dumps(model)`, `copy.deepcopy`.

The bytes hold what `Model.save` writes; history and callbacks stay behind. A model in a file is
another matter: whoever unpickles a file runs what its writer put into it, so files are `.npz` (see
`minicnn.saving`).
"""

import numpy as np

from minicnn import saving
from minicnn.kernels.threads import one_step_at_a_time
from minicnn.npz import META, parse_json


@one_step_at_a_time()
def reduce_model(model) -> tuple:
    """What `pickle` needs: the function `restore_model` and its arguments.

    Raises
    ------
    TypeError
        If the model is of a class of the user's own, which would be lost.
    ValueError
        If `Model.save` could not save it either.
    """
    from minicnn.models import Model, Sequential

    if type(model) not in (Model, Sequential):
        raise TypeError(
            f"{model.name}: expected a Model or Sequential to pickle, got the subclass "
            f"{type(model).__name__}; give it a __reduce__ of its own"
        )
    arrays = saving.model_arrays(model)
    return restore_model, ({name: array.copy() for name, array in arrays.items()},)


def restore_model(arrays: dict[str, np.ndarray]):
    """A new model, with memory of its own."""
    return saving.assemble(arrays, parse_json(arrays.pop(META)), "a pickled model")
