"""The current batch, for error messages."""

from minicnn.numeric_checks import BadSample

SHOWN = 3  # samples of a batch that are named, before "and 27 more"


class Place:
    """The current batch of a feed, as a context that adds it to the errors raised inside.

        with place.at(step):
            ...   # a BadSample leaves as a ValueError that names the batch and the sample

    `steps` is the number of batches in all. `of` comes before it, "validation ", where the message
    has to say which data it is about; then it does so for every ValueError and TypeError.
    """

    def __init__(self, feed, steps: int, of: str = ""):
        self.feed, self.steps, self.step, self.of = feed, steps, 0, of

    def at(self, step: int) -> "Place":
        """The place of batch number `step`, from 0."""
        self.step = step
        return self

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, kind, error, traceback) -> None:
        if isinstance(error, BadSample):
            name = self.feed.name_of(error.sample)
            raise ValueError(f"{self.of}batch {self}, {name}: {error}") from None
        if self.of and kind in (TypeError, ValueError):
            raise kind(f"{self.of}batch {self}: {error}") from error

    def __str__(self) -> str:
        return f"{self.step + 1} of {self.steps}"

    def samples(self, count: int) -> str:
        """The first names of a batch of `count` samples."""
        names = [self.feed.name_of(position) for position in range(min(count, SHOWN))]
        rest = f" and {count - SHOWN} more" if count > SHOWN else ""
        return ", ".join(names) + rest
