"""Models as bytes for other processes of the same program: `pickle.dumps(model)`.

A process pool sends its arguments to its workers in this way, and `copy.deepcopy` takes it, too.
The bytes hold what `Model.save` writes: layers, weights, seeds, optimiser, how many epochs are
done. History and callbacks stay behind. A model in a file is another matter: whoever unpickles a
file runs what its writer put into it, so files are `.npz` (see `minicnn.saving`).
"""

import numpy as np

from minicnn import saving
from minicnn.kernels.threads import one_step_at_a_time
from minicnn.npz import parse_json

SOURCE = "a pickled model"  # what errors call it in place of a file


@one_step_at_a_time()
def taken_apart(model) -> tuple:
    """What `pickle` needs: the function `put_together` and its arguments.

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
    return put_together, ({name: array.copy() for name, array in arrays.items()},)


def put_together(arrays: dict[str, np.ndarray]):
    """The model again: a new one, with memory of its own."""
    return saving.assemble(arrays, parse_json(arrays.pop("__meta__")), SOURCE)
