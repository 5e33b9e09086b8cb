"""Whether a checkpoint belongs to this run; if not, an error that says what is wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covid.common.errors import UserError
from minicnn.models import Model
from minicnn.saving.checkpoint import CheckpointError, first_difference
from minicnn.saving.npz import ModelFileError, read_npz


@contextmanager
def checkpoint_errors(path: Path, model: Model) -> Iterator[None]:
    """UserError for a checkpoint that cannot be used, or is not of this seed, recipe and data.

    `fit` compares the model and its data; seed and recipe are in the model's metadata.
    """
    try:
        if path.exists():
            require_same_run(path, model.metadata)
        yield
    except ModelFileError as error:
        raise UserError(f"{error.problem}; delete it to start anew") from None
    except CheckpointError as error:
        raise UserError(str(error)) from None


def require_same_run(path: Path, metadata: dict) -> None:
    """UserError where a checkpoint's model has other metadata; versions are compared elsewhere."""
    _, meta = read_npz(path, only_meta=True)
    found = (meta or {}).get("metadata")
    if not isinstance(found, dict):
        return  # not a checkpoint of this program: `fit` raises
    there, here = (
        json.loads(json.dumps({**one, "versions": None}, sort_keys=True))
        for one in (found, metadata)
    )
    if there != here:
        raise UserError(
            f"{path}: expected a checkpoint of this run, got one of another run "
            f"({first_difference(there, here)}); delete it to start anew"
        )
