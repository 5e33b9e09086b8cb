"""One interface to all sources of batches: arrays, image iterators, sequences, generators.

A feed has `len(feed)` batches in an epoch (0 where unknown), begins an epoch with
`start_epoch(number)` and then gives a batch `(x, y, sample_weight)` at each call of `next`, without
end: after the last batch the next pass begins, in another order. `name_of(position)` names a sample
of the last batch for messages. `skip(batches)` passes over batches without making them; `peek()` is
a batch to look at before the first epoch; `identity()` is what a checkpoint compares to recognize
the data.

NaN and infinity are refused before a model sees them: in arrays once, when the feed is made
(`given_data.py`); here in batches from the user's own code one by one; minicnn's own image
iterators are not looked at: what they make of bytes is finite.
"""

import inspect
import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain

import numpy as np

from minicnn.numeric_checks import only_or_all, require_finite_batch
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.load_image import file_bytes
from minicnn.seeding import stream


class Feed:
    """What feeds share: how batches are checked, and how their samples are named.

    Attributes
    ----------
    seed : int or None
        Of the order, where the feed decides on it.
    use : dict
        What else a checkpoint compares: how `fit` uses the batches, as JSON can hold it.
    """

    seed: int | None = None
    use: dict = {}  # noqa: RUF012 (replaced, never changed)
    dtype = np.dtype(np.float32)

    def __len__(self) -> int:
        return 0

    def checked(self, batch) -> tuple:
        """A batch of the user's code as (x, y, weights); ValueError where x is not finite."""
        triple = as_triple(batch)
        require_finite_batch(triple[0], "x", self.dtype)
        return triple

    def peek(self) -> tuple | None:
        """A batch, which `start_epoch` gives again; None where only `next` gives one."""
        return None

    def name_of(self, position: int) -> str:
        return f"sample {position} of the batch"

    def identity(self) -> dict:
        return {"batches": len(self), "seed": self.seed, **self.use}


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
        return {"items": self.items, "shuffle": self.shuffle, **super().identity()}


class ArrayFeed(OrderedFeed):
    """Batches cut from arrays.

    Parameters
    ----------
    x, y, weights : list of arrays
        One for each input and output, `weights` as long as `y` or alone; both may be None.
    batch_size : int
    shuffle, seed
        As in `OrderedFeed`.
    """

    def __init__(
        self,
        x: list,
        y: list | None,
        batch_size: int,
        shuffle: bool,
        seed: int,
        weights: list | None = None,
    ):
        super().__init__(len(x[0]), shuffle, seed)
        self.x, self.y, self.weights, self.batch_size = x, y, weights, batch_size

    def __len__(self) -> int:
        return -(-self.items // self.batch_size)

    def skip(self, batches: int) -> None:
        for _ in range(batches):
            self.take(self.batch_size)

    def __next__(self):
        self.chosen = self.take(self.batch_size)
        return self.of(self.chosen)

    def of(self, chosen: np.ndarray) -> tuple:
        """The batch of the samples of these numbers."""
        lists = (self.x, self.y, self.weights)
        return tuple(given and only_or_all([array[chosen] for array in given]) for given in lists)

    @cached_property
    def contents(self) -> int:
        return checksum([*self.x, *(self.y or ()), *(self.weights or ())])

    def identity(self) -> dict:
        size = self.batch_size
        return {**super().identity(), "batch_size": size, "contents": self.contents}

    def peek(self):
        self.chosen = np.arange(min(self.batch_size, self.items))
        return self.of(self.chosen)

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

    def peek(self):
        self.index = 0
        return self.checked(self.sequence[0])

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

    @cached_property
    def contents(self) -> int:
        names = ("x", "y", "labels", "sample_weight")
        found = [getattr(self.iterator, name, None) for name in names]
        arrays = chain.from_iterable(one if isinstance(one, list) else [one] for one in found)
        files = map(file_bytes, getattr(self.iterator, "filepaths", ()))
        return checksum(chain((one for one in arrays if one is not None), files))

    def identity(self) -> dict:
        names = "\n".join(getattr(self.iterator, "filenames", ()))
        names = zlib.crc32(names.encode(errors="surrogateescape"))
        return {
            "items": self.iterator.n,
            "shuffle": getattr(self.iterator, "shuffle", None),
            "batch_size": getattr(self.iterator, "batch_size", None),
            **super().identity(),
            "generator": settings_of(getattr(self.iterator, "image_data_generator", None)),
            "names": names,
            "contents": self.contents,
        }

    @property
    def is_own(self) -> bool:
        """Whether no code of the user's is run to make a batch."""
        return getattr(self.iterator, "may_run_ahead", False)

    def __next__(self):
        batch = next(self.iterator)
        return as_triple(batch) if self.is_own else self.checked(batch)

    def peek(self):
        return as_triple(self.iterator[0]) if self.is_own else None

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


def settings_of(generator) -> dict[str, str]:
    """What an `ImageDataGenerator` was given, as text; without its seed, and without functions."""
    if not isinstance(generator, ImageAugmenter):
        return {}
    values = vars(generator) | vars(generator.ranges)
    names = values.keys() & inspect.signature(ImageAugmenter).parameters.keys()
    return {name: repr(values[name]) for name in names - {"seed", "preprocessing_function"}}


def as_triple(batch) -> tuple:
    """A batch as (x, y, sample_weight), with None for what the source does not give."""
    if not isinstance(batch, tuple):
        return batch, None, None
    if not 1 <= len(batch) <= 3:
        raise ValueError(
            f"expected batches (x, y) or (x, y, sample_weight), got a tuple of {len(batch)}"
        )
    return (*batch, None, None)[:3]


def checksum(values: Iterable) -> int:
    """CRC-32 of arrays and bytes, one behind the other."""
    total = 0
    for value in values:
        if not isinstance(value, bytes):
            value = np.ascontiguousarray(value)
            value = repr(value.tolist()).encode() if value.dtype.kind == "O" else value
        total = zlib.crc32(value, total)
    return total
