"""The options of `covid run` and `covid train`.

The command line declares each in `covid.cli.parser`, under the name it has here; run.json holds
it as the type given here; `run_record.check_values` has the limits of those it holds.
"""

from dataclasses import dataclass, field
from pathlib import Path

from covid.common.choices import DEFAULT_COLUMN, DEFAULT_MODELS, DEFAULT_RECIPE, RANDOM
from covid.common.screen import Screen
from covid.data.ratios import Ratios

OF_ONE_CALL = ("out", "command", "command_line", "resume", "screen")  # not in run.json


@dataclass(frozen=True)
class Options:
    """What a run is to do; see `covid run --help`."""

    out: Path
    data: Path | None = None
    labels: Path | None = None
    positive: str | None = None
    models: tuple[str, ...] = DEFAULT_MODELS
    recipe: str = DEFAULT_RECIPE
    split: str = RANDOM
    group: str | None = None
    group_csv: Path | None = None
    group_column: str = DEFAULT_COLUMN
    group_audit: bool = False
    folds: int | None = None
    ratios: Ratios | None = None
    no_contour: str = "keep"
    window: str | None = None
    epochs: int | None = None
    seed: int = 0
    checkpoint_steps: int | None = None
    audit: bool = True
    controls: bool = False
    command: str = "run"
    command_line: str = ""  # the line that repeats the run, where a command line started it
    resume: bool = False
    screen: Screen = field(default_factory=Screen)  # what is printed meanwhile

    @property
    def names_groups(self) -> bool:
        """Whether an option says which images belong together."""
        return self.group is not None or self.group_csv is not None or self.group_audit
