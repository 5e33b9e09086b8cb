"""Models as bytes for other processes of the same program: `pickle.dumps(model)`.

A process pool sends its arguments to its workers in this way, and `copy.deepcopy` takes it, too.
The bytes hold what `Model.save` writes: layers, weights, seeds, optimiser, how many epochs are
done. History and callbacks stay behind. A model in a file is another matter: whoever unpickles a
file runs what its writer put into it, so files are `.npz` (see `minicnn.saving`).
"""

import copyreg

import numpy as np

from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.models.load import assemble
from minicnn.models.model import Model
from minicnn.models.sequential import Sequential
from minicnn.saving.npz import parse_meta
from minicnn.saving.weights import model_arrays

SOURCE = "a pickled model"  # what errors call it in place of a file


@one_step_at_a_time()
def taken_apart(model) -> tuple:
    """What `pickle` needs: the function `put_together` and its arguments.

    Raises
    ------
    ValueError
        If `Model.save` could not save it either.
    """
    arrays = model_arrays(model)
    return put_together, ({name: array.copy() for name, array in arrays.items()},)


def put_together(arrays: dict[str, np.ndarray]):
    """The model again: a new one, with memory of its own."""
    return assemble(arrays, parse_meta(arrays.pop("__meta__")), SOURCE)


# For these two classes themselves; subclasses of the user's own have `__reduce__`.
copyreg.pickle(Model, taken_apart)
copyreg.pickle(Sequential, taken_apart)
