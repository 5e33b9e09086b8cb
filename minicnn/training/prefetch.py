"""The next batch is made while the model works on this one.

    with prefetched(feed, steps) as batches:
        for step in range(steps):
            x, y, weights = next(batches)

gives the batches that `next(feed)` would have given, bit for bit: each follows from the
iterator's seed and position, not from when or where it is made.
"""

import copy
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from minicnn.training.batch_sources import IteratorFeed, as_triple


@contextmanager
def prefetched(feed, steps: int) -> Iterator:
    """Give a source of `steps` batches of a feed, made one ahead where that is safe.

    It is for minicnn's own image iterators. All else (generators, sequences, a generator with a
    `preprocessing_function`) is the user's code, which may rely on being called in turn: then the
    feed itself is given. When the block is left, by the end, an error or Ctrl-C, the thread has
    ended.

    `feed` is at the beginning of its epoch; no batch is made beyond `steps`.
    """
    ahead = isinstance(feed, IteratorFeed) and feed.is_own
    if not ahead or steps < 2:
        yield feed
        return
    with ThreadPoolExecutor(1, thread_name_prefix="minicnn-next-batch") as pool:
        yield Ahead(feed.iterator, steps, pool)


class Ahead:
    """Batches of an image iterator, of which a thread makes the next one.

    The thread works on a copy of the iterator, so that what a callback sees of the iterator
    itself (`batch_indices`, `pass_number`, ...) is that of the batch in use.
    """

    def __init__(self, iterator, steps: int, pool: ThreadPoolExecutor):
        self.iterator, self.left, self.pool = iterator, steps, pool
        self.coming = self.order()

    def __next__(self) -> tuple:
        if self.position() != self.from_position:
            self.coming = self.order()  # a callback has moved the iterator
        # result() raises what was raised while the batch was made.
        batch = self.coming.result() if self.coming else next(copy.copy(self.iterator))
        self.iterator.skip()
        self.left -= 1
        if self.left > 0:
            self.coming = self.order()
        return as_triple(batch)

    def order(self) -> Future | None:
        """Submit the batch that comes next from the iterator's position.

        None where it cannot be made ahead: once the main thread has ended, pools take no more
        work, though a training in another thread continues.
        """
        self.from_position = self.position()
        try:
            return self.pool.submit(next, copy.copy(self.iterator))
        except RuntimeError:
            return None

    def position(self) -> tuple[int, int, int]:
        return self.iterator.epoch, self.iterator.pass_number, self.iterator.batch_index
