"""Batches of augmented images: in which order, with which random numbers.

Every random number follows from (seed, epoch, pass, image), never from what was drawn before.
So an image gets the same augmentation whatever the batch size, the order or the number of
workers, and epoch 7 can be repeated without running epochs 0 to 6.
"""

from collections.abc import Sequence

import numpy as np

from minicnn.arguments import positive_int, shape_text
from minicnn.numeric_checks import BadSample
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.save_image import BatchSaver
from minicnn.reprs import OneLine, counted, titled
from minicnn.seeding import checked_seed, fresh_seed, stream

Targets = np.ndarray | list[np.ndarray]  # a list for several outputs
Batch = np.ndarray | tuple[np.ndarray, Targets] | tuple[np.ndarray, Targets, np.ndarray]


class BatchIterator(OneLine):
    """What `flow` and `flow_from_directory` have in common.

    A *pass* goes once through all images in ceil(n / batch_size) batches, the last one partial.
    `next` (and `for`) walks from pass to pass without end, as in Keras; `iterator[i]` is batch
    i of the current pass and does not move. An *epoch* is whatever the training loop declares
    it to be with `start_epoch`; an epoch longer than one pass runs on into pass 1, 2, ... of
    that epoch. Each (epoch, pass) has an order and augmentations of its own.

    Attributes
    ----------
    n, samples : int
        Images.
    batch_size : int
    shuffle : bool
        Whether each pass has its own order; otherwise 0, 1, ..., n - 1.
    seed : int
        From which everything random follows; write it down to repeat a run.
    epoch, pass_number : int
        Where the iterator stands, from 0.
    batch_index : int
        The batch that `next` gives next, in the current pass.
    index_array : ndarray, (n,), int64
        The current pass's order: position to image.
    batch_indices : ndarray, (batch,), int64
        Which images the batch given last (by `next`, `[i]`, or to the model while it trains)
        consists of; or the one that was asked for last and could not be made.
    image_shape : (int, int, int)
        height, width, channels.
    sample_weight : ndarray, (n,), or None
        Where there are weights, a batch is (x, y, its weights).
    """

    sample_weight: np.ndarray | None = None

    def __init__(
        self,
        n: int,
        image_shape: Sequence[int],
        image_data_generator: ImageAugmenter,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        saver: BatchSaver | None = None,
    ) -> None:
        self.n = self.samples = n
        self.image_shape = tuple(image_shape)
        self.image_data_generator = image_data_generator
        self.batch_size = positive_int(batch_size, "batch_size", type(self).__name__)
        self.shuffle = bool(shuffle)
        self.saver = saver
        if seed is None:
            seed = image_data_generator.seed
        self.seed = fresh_seed() if seed is None else checked_seed(seed, type(self).__name__)
        self.batch_indices = np.empty(0, dtype=np.int64)
        self.start_epoch(0)

    def one_line(self) -> str:
        facts = [
            f"{counted(self.n, 'images')} {shape_text(self.image_shape)}",
            f"batches of {self.batch_size}",
            *(["shuffled"] if self.shuffle else []),
            f"seed {self.seed}",
        ]
        return titled(type(self).__name__, facts)

    @property
    def may_run_ahead(self) -> bool:
        """Whether batches may be made in another thread: where no code of the user's is run.

        With `save_to_dir` they are not, so that what is saved was used.
        """
        own = type(self).__module__.startswith("minicnn.")
        generator = self.image_data_generator
        own_generator = type(generator).__module__.startswith("minicnn.")
        alone = generator.preprocessing_function is None and self.saver is None
        return own and own_generator and alone

    def start_epoch(self, epoch: int) -> None:
        """Go to the first batch of epoch `epoch` (from 0), whatever came before."""
        if epoch < 0:
            raise ValueError(f"{type(self).__name__}: expected an epoch of at least 0, got {epoch}")
        self.epoch = int(epoch)
        self._start_pass(0)

    def reset(self) -> None:
        """Go to a first batch: of this pass if none was taken yet, else of the next pass.

        Keras shuffles anew here, too. `start_epoch` is what repeats an order.
        """
        if self.batch_index > 0:
            self._start_pass(self.pass_number + 1)

    def on_epoch_end(self) -> None:
        """Go to the first batch of the next pass: for loops that take batches by number."""
        self._start_pass(self.pass_number + 1)

    def _start_pass(self, pass_number: int) -> None:
        self.pass_number = pass_number
        self.batch_index = 0
        self.index_array = np.arange(self.n)
        if self.shuffle:
            rng = stream(self.seed, "images", self.epoch, pass_number)
            self.index_array = rng.permutation(self.n)
        # A row of random numbers for each image, whether it will be asked for or not: one
        # generator for all is made in the time of one. They are filled in row by row, so that an
        # image's row does not depend on how many rows follow.
        ranges = self.image_data_generator.ranges
        rng = stream(self.seed, "augmentation", self.epoch, pass_number)
        self._uniform = rng.random((self.n, 0 if ranges.changes_nothing else ranges.numbers))

    def __len__(self) -> int:
        """Batches in a pass."""
        return -(-self.n // self.batch_size)

    def __iter__(self) -> "BatchIterator":
        """Itself: a `for` loop over it never ends by itself."""
        return self

    def __next__(self) -> Batch:
        """The next batch, from the next pass when this one is through."""
        if self.batch_index == len(self):
            self._start_pass(self.pass_number + 1)
        batch = self[self.batch_index]
        self.batch_index += 1
        return batch

    def skip(self) -> None:
        """Go on as `next` does, without making the batch; `batch_indices` says which it was."""
        if self.batch_index == len(self):
            self._start_pass(self.pass_number + 1)
        self.batch_indices = self._indices(self.batch_index)
        self.batch_index += 1

    def next(self) -> Batch:
        """The next batch: the older way to write next(iterator)."""
        return next(self)

    def __getitem__(self, index: int) -> Batch:
        """Batch `index` of the current pass: (x, y), (x, y, weights) or x; negative from the end.

        ValueError that names the image where `preprocessing_function` did not return one.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(
                f"{type(self).__name__}: expected a batch number below {len(self)}, got {index}"
            )
        indices = self._indices(index)
        self.batch_indices = indices
        try:
            x = self.image_data_generator.batch(*self._images(indices), self._uniform[indices])
        except BadSample as error:
            name = self.name_of(error.sample)
            raise ValueError(f"batch {index % len(self) + 1}, {name}: {error}") from None
        if self.saver is not None:
            rng = stream(self.seed, "saved", self.epoch, self.pass_number)
            self.saver.save(x, indices, rng.integers(self.saver.numbers, size=self.n)[indices])
        y = self._targets(indices, x)
        if y is None:
            return x
        return (x, y) if self.sample_weight is None else (x, y, self.sample_weight[indices])

    def name_of(self, position: int) -> str:
        """Which image the one at `position` of the batch made last is, for messages."""
        return f"image {self.batch_indices[position]}"

    def _indices(self, index: int) -> np.ndarray:
        """The images of batch `index` of the current pass."""
        start = index % len(self) * self.batch_size
        return self.index_array[start : start + self.batch_size]

    def _images(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An array (any number, *image_shape) with these images in it, and where they are in it."""
        raise NotImplementedError

    def _targets(self, indices: np.ndarray, x: np.ndarray) -> Targets | None:
        """The targets of these images, of which `x` was made, or None if there are none."""
        raise NotImplementedError
