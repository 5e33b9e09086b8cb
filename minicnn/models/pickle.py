"""Models as bytes for other processes of the same program: `pickle.dumps(model)`, `copy.deepcopy`.

The bytes hold what `Model.save` writes; history and callbacks stay behind. Files are
`.npz` instead (see `minicnn.saving`), because unpickling a file runs code from it.
"""

import copyreg

import numpy as np

from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.models.load import assemble
from minicnn.models.model import Model
from minicnn.models.sequential import Sequential
from minicnn.saving.npz import META, parse_json
from minicnn.saving.weights import model_arrays


@one_step_at_a_time()
def reduce_model(model) -> tuple:
    """What `pickle` needs: the function `restore_model` and its arguments.

    ValueError if `Model.save` could not save it either.
    """
    arrays = model_arrays(model)
    return restore_model, ({name: array.copy() for name, array in arrays.items()},)


def restore_model(arrays: dict[str, np.ndarray]):
    """A new model, with memory of its own."""
    return assemble(arrays, parse_json(arrays.pop(META)), "a pickled model")


# For these two classes themselves; subclasses of the user's own have `__reduce__`.
copyreg.pickle(Model, reduce_model)
copyreg.pickle(Sequential, reduce_model)
