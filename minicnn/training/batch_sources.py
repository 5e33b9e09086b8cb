"""One interface to all sources of batches: arrays, image iterators, sequences, generators.

A feed has `len(feed)` batches in an epoch (0 where unknown), begins an epoch with
`start_epoch(number)` and then gives a batch `(x, y)` at each call of `next`, without end: after the
last batch the next pass begins, in another order. `name_of(position)` names a sample of the last
batch for messages. `skip(batches)` passes over batches without making them; `identity()` is what a
checkpoint compares to recognize the data.

NaN and infinity are refused here, before a model sees them. Arrays are checked once, when the feed
is made; batches from the user's own code one by one; minicnn's own image iterators not at all:
what they make of bytes is finite.
"""

import zlib
from collections.abc import Iterator

import numpy as np

from minicnn.arguments import positive_int
from minicnn.numeric_checks import as_numbers, require_finite, require_finite_batch
from minicnn.seeding import stream


class Feed:
    """What feeds share: how batches are checked, and how their samples are named."""

    seed: int | None = None  # of the order, where the feed decides on it
    dtype = np.dtype(np.float32)

    def __len__(self) -> int:
        return 0

    def checked(self, batch) -> tuple:
        """A batch of the user's code as (x, y); ValueError where it is not finite."""
        pair = as_pair(batch)
        require_finite_batch(pair[0], "x", self.dtype)
        return pair

    def name_of(self, position: int) -> str:
        return f"sample {position} of the batch"

    def identity(self) -> dict:
        return {"batches": len(self), "seed": self.seed}


class OrderedFeed(Feed):
    """What feeds share whose items can be taken in any order.

    Parameters
    ----------
    items : int
        How many there are to go through in one pass.
    shuffle : bool
        Whether each pass has an order of its own, which follows from (seed, epoch, pass).
    seed : int
    """

    def __init__(self, items: int, shuffle: bool, seed: int):
        self.items, self.shuffle, self.seed = items, shuffle, seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        self.passes = -1
        self.next_pass()

    def next_pass(self) -> None:
        """Go back to the beginning, in the next pass's order."""
        self.passes += 1
        self.position = 0
        self.order = np.arange(self.items)
        if self.shuffle:
            rng = stream(self.seed, "batches", self.epoch, self.passes)
            self.order = rng.permutation(self.items)

    def take(self, count: int) -> np.ndarray:
        """Indices of the next `count` items, or of those left of this pass; never none."""
        if self.position >= self.items:
            self.next_pass()
        chosen = self.order[self.position : self.position + count]
        self.position += len(chosen)
        return chosen

    def identity(self) -> dict:
        return {"items": self.items, **super().identity()}


class ArrayFeed(OrderedFeed):
    """Batches cut from arrays.

    Parameters
    ----------
    x, y : list of arrays
        One for each input and output; `y` may be None.
    batch_size : int
    shuffle, seed
        As in `OrderedFeed`.
    """

    def __init__(self, x: list, y: list | None, batch_size: int, shuffle: bool, seed: int):
        super().__init__(len(x[0]), shuffle, seed)
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self) -> int:
        return -(-self.items // self.batch_size)

    def skip(self, batches: int) -> None:
        for _ in range(batches):
            self.take(self.batch_size)

    def __next__(self):
        chosen = self.chosen = self.take(self.batch_size)
        x = [array[chosen] for array in self.x]
        y = None if self.y is None else [array[chosen] for array in self.y]
        return single(x), single(y)

    def name_of(self, position: int) -> str:
        return f"sample {self.chosen[position]} of the arrays"


class SequenceFeed(OrderedFeed):
    """Batches from something with `len()` and `[]`: a list of (x, y), or Keras' Sequence.

    `shuffle` changes the order of the batches. After a pass, `on_epoch_end` of the sequence is
    called if it has one.
    """

    def __init__(self, sequence, shuffle: bool, seed: int, dtype=np.float32):
        super().__init__(len(sequence), shuffle, seed)
        self.sequence, self.dtype = sequence, dtype

    def __len__(self) -> int:
        return self.items

    def skip(self, batches: int) -> None:
        for _ in range(batches):
            self.take(1)

    def __next__(self):
        (self.index,) = self.take(1)
        batch = self.checked(self.sequence[int(self.index)])
        if self.position == self.items and hasattr(self.sequence, "on_epoch_end"):
            self.sequence.on_epoch_end()
        return batch

    def name_of(self, position: int) -> str:
        return f"sample {position} of item {self.index} of the sequence"


class IteratorFeed(Feed):
    """Batches from one of minicnn's own iterators, which know epochs themselves."""

    def __init__(self, iterator, dtype=np.float32):
        self.iterator, self.dtype = iterator, dtype

    def __len__(self) -> int:
        return len(self.iterator)

    @property
    def seed(self) -> int:
        return self.iterator.seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self.iterator.seed = seed

    def start_epoch(self, epoch: int) -> None:
        self.iterator.start_epoch(epoch)

    def skip(self, batches: int) -> None:
        for _ in range(batches):
            self.iterator.skip()

    def identity(self) -> dict:
        names = "\n".join(getattr(self.iterator, "filenames", ()))
        checksum = zlib.crc32(names.encode(errors="surrogateescape"))
        return {"items": self.iterator.n, **super().identity(), "names": checksum}

    def __next__(self):
        batch = next(self.iterator)
        own = getattr(self.iterator, "may_run_ahead", False)  # no code of the user's is run
        return as_pair(batch) if own else self.checked(batch)

    def name_of(self, position: int) -> str:
        named = hasattr(self.iterator, "name_of")
        return self.iterator.name_of(position) if named else super().name_of(position)


class GeneratorFeed(Feed):
    """Batches from a Python generator, in its order; it cannot be set back or moved forward."""

    def __init__(self, generator: Iterator, dtype=np.float32):
        self.generator, self.dtype = generator, dtype

    def start_epoch(self, epoch: int) -> None:
        pass

    def skip(self, batches: int) -> None:
        pass

    def __next__(self):
        return self.checked(next(self.generator))


def as_feed(x, y, batch_size: int | None, shuffle: bool, seed: int, model=None, of=""):
    """Make a feed of whatever the user gave; TypeError or ValueError if it cannot be one.

    With `model`, arrays are checked for its dtype, and labels by its losses. `of` comes before
    their names in messages: "validation ".
    """
    dtype = np.dtype(np.float32) if model is None else model.dtype
    if is_arrays(x, y):
        arrays = as_arrays(x, f"{of}x")
        labels = None if y is None else as_arrays(y, f"{of}y")
        lengths = {len(array) for array in arrays + (labels or [])}
        if len(lengths) != 1:
            raise ValueError(f"expected as many labels as samples, got {sorted(lengths)}")
        if lengths == {0}:
            raise ValueError("expected at least one sample, got none")
        for array, name in zip(arrays, names_of(arrays, f"{of}x"), strict=True):
            require_finite(array, name, dtype)
        check_labels(labels or [], f"{of}y", dtype, [] if model is None else model.losses)
        size = 32 if batch_size is None else positive_int(batch_size, "batch_size", "data")
        return ArrayFeed(arrays, labels, size, shuffle, seed)
    if y is not None:
        raise ValueError("expected y only together with arrays: an iterator gives (x, y) itself")
    if hasattr(x, "start_epoch"):
        return IteratorFeed(x, dtype)
    if hasattr(x, "__len__") and hasattr(x, "__getitem__"):
        if len(x) == 0:
            raise ValueError("expected at least one batch, got none")
        return SequenceFeed(x, shuffle, seed, dtype)
    if hasattr(x, "__next__"):
        return GeneratorFeed(x, dtype)
    raise TypeError(
        "expected arrays, an iterator of batches, a sequence of batches or a generator, got "
        f"{type(x).__name__}"
    )


def is_arrays(x, y) -> bool:
    """Whether `x` is an array or a list of arrays rather than a source of batches."""
    if hasattr(x, "shape") or (y is not None and isinstance(x, (list, tuple))):
        return True
    if isinstance(x, list) and x and isinstance(x[0], (list, int, float)):
        return True  # nested lists of numbers
    return isinstance(x, list) and len(x) > 0 and all(hasattr(item, "shape") for item in x)


def as_arrays(value, what: str) -> list[np.ndarray]:
    """A list of arrays from one array, a list of arrays, or nested lists of numbers."""
    several = isinstance(value, (list, tuple)) and len(value) and hasattr(value[0], "shape")
    given = list(value) if several else [value]
    arrays = [as_numbers(one, name) for one, name in zip(given, names_of(given, what), strict=True)]
    for array, name in zip(arrays, names_of(arrays, what), strict=True):
        if array.ndim == 0:
            raise ValueError(f"{name}: expected an array of samples, got the number {array}")
    return arrays


def check_labels(labels: list[np.ndarray], what: str, dtype, losses: list) -> None:
    """ValueError for labels that are not finite, or that their loss does not take."""
    names = names_of(labels, what)
    for array, name in zip(labels, names, strict=True):
        require_finite(array, name, dtype)
    if len(labels) == len(losses):  # else the model will say how many it expects
        for array, name, loss in zip(labels, names, losses, strict=True):
            loss.check_labels(array, name)


def names_of(arrays: list, what: str) -> list[str]:
    """What arrays are called in messages: x; or x[0], x[1], ... where there are several."""
    return [what] if len(arrays) == 1 else [f"{what}[{number}]" for number in range(len(arrays))]


def split_off(x, y, fraction: float) -> tuple:
    """Cut the last `fraction` of the samples off: (x, y, (x of the rest, y of the rest))."""
    if not 0 < fraction < 1 or not hasattr(x, "shape") or y is None:
        raise ValueError(
            "validation_split: expected a number in (0, 1), and x and y as arrays; "
            f"got {fraction!r} and {type(x).__name__}"
        )
    labels = np.asarray(y)
    kept = int(len(x) * (1 - fraction))
    return x[:kept], labels[:kept], (x[kept:], labels[kept:])


def as_pair(batch) -> tuple:
    """A batch as (x, y), with y None where the source gives x alone."""
    if isinstance(batch, tuple):
        if len(batch) != 2:
            raise ValueError(f"expected batches (x, y), got a tuple of {len(batch)}")
        return batch
    return batch, None


def single(arrays: list | None):
    """The only item of a list, or the list."""
    return arrays[0] if arrays is not None and len(arrays) == 1 else arrays
