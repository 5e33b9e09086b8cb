"""What a run is asked for: everything that `covid run` and `covid train` can be told."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from covid.data.groups import DEFAULT_COLUMN


@dataclass(frozen=True)
class Options:
    """What the command line was asked for; see `covid run --help`."""

    out: Path
    data: Path | None = None
    positive: str | None = None
    models: tuple[str, ...] = ("tiny_cnn", "reduced_inception")
    recipe: str = "practice"
    split: str = "random"
    group: str | None = None
    group_csv: Path | None = None
    group_column: str = DEFAULT_COLUMN
    group_audit: bool = False
    folds: int | None = None
    ratios: tuple[float, float, float] | None = None
    no_contour: str = "keep"
    epochs: int | None = None
    seed: int = 0
    checkpoint_steps: int | None = None
    audit: bool = True
    controls: bool = False
    command: str = "run"
    command_line: str = ""  # the line that repeats the run, where a command line started it
    resume: bool = False
    verbose: int | str = "auto"
    say: Callable[[str], None] = print
