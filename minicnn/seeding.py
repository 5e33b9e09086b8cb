"""Where seeds come from (the operating system, or one number that the user sets), and where they go.

Nothing in minicnn uses NumPy's global random state. Every model and every iterator owns a
seed; `stream` makes independent generators from it, one for each purpose.

NumPy is imported when the first seed is asked for, so that `import minicnn` takes no time.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

STREAMS = {  # purpose -> how its keys begin; the lengths of the keys differ where beginnings do not
    "layer": (),  # place of the layer: its first weights
    "batches": (1_000_000,),  # epoch, pass: the order of arrays in `fit`
    "images": (0,),  # epoch, pass: the order of an image iterator
    "augmentation": (1,),  # epoch, pass: the changes to its images
    "saved": (2,),  # epoch, pass: the names of its images where they are saved
}
_seed_stream: "np.random.Generator | None" = None


def set_random_seed(seed: int) -> None:
    """Make every seed handed out from now on follow from `seed`.

    Models and iterators created afterwards without a `seed` of their own are then the same
    in every run of the same program.

    Parameters
    ----------
    seed : int
        Zero or more.
    """
    import numpy as np

    global _seed_stream
    _seed_stream = np.random.default_rng(seed)


def fresh_seed() -> int:
    """A new seed in [0, 2**63), from `set_random_seed`'s stream or else from the system."""
    import numpy as np

    stream = _seed_stream if _seed_stream is not None else np.random.default_rng()
    return int(stream.integers(0, 2**63))


def checked_seed(seed: int, owner: str) -> int:
    """Return `seed` if it is an integer of at least 0, else raise ValueError."""
    import numpy as np

    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"{owner}: expected seed to be an integer of at least 0, got {seed!r}")
    return int(seed)


def stream(seed: int, purpose: str, *key: int) -> "np.random.Generator":
    """A generator for one purpose under `seed`, independent of those for all others.

    It depends on (seed, purpose, key) only, never on what was drawn before.

    Parameters
    ----------
    seed : int
        At least 0.
    purpose : str
        A key of `STREAMS`, which says what `key` is.
    key : int
        At least 0 each, such as epoch and pass.
    """
    import numpy as np

    spawn_key = (*STREAMS[purpose], *key)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=spawn_key))
