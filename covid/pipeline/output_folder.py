"""The output folder of a run: as it was before, or with a checkpoint, whatever ends the run."""

import csv
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from covid.common.choices import RUN_INFO, SUMMARY
from covid.common.errors import UserError, shortened, shown
from covid.common.output_files import check_outside, new_folder
from covid.common.screen import program, put
from covid.pipeline.options import Options
from covid.pipeline.run_record import run_lock, write_run_info
from minicnn.callbacks import BackupAndRestore
from minicnn.files import sweep

# What it may raise to read a damaged file.
DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error)


@contextmanager
def output_folder(options: Options) -> Iterator[None]:
    """The output folder, new or that of the run to resume, for this process alone.

    If the run fails or is stopped: with a checkpoint everything is kept, and a line says how to
    resume; else the folder is as it was before.
    """
    if options.data is not None and options.labels is None:  # which names all images
        check_outside(options.out, options.data)
    ours = False  # another process may have made the folder a moment ago

    def keep() -> bool:
        finished = (options.out / SUMMARY).exists()
        return not ours or finished or bool(checkpoints(options.out))

    try:
        with (
            nullcontext() if options.resume else new_folder(options.out, keep),
            run_lock(options.out),
        ):
            ours = True
            if options.resume:
                sweep(options.out)
            else:
                write_run_info(options)
            with lost_folder_as_error(options.out):
                yield
    except BaseException:
        if ours and (options.out / RUN_INFO).exists():
            put(
                f"\nNot finished. To resume from the last checkpoint:\n"
                f"  {program()} {options.command} --resume {shlex.quote(str(options.out))}"
            )
        raise


@contextmanager
def lost_folder_as_error(out: Path) -> Iterator[None]:
    """UserError where the whole output folder has gone, whatever else followed from that."""
    try:
        yield
    except (OSError, ValueError) as error:
        if not out.exists():
            raise UserError(
                f"{out}: this output folder has been taken away during the run; start it again"
            ) from error
        raise


@contextmanager
def damage_as_error(path: Path) -> Iterator[None]:
    """UserError where what an earlier process wrote at `path` cannot be read."""
    try:
        yield
    except DAMAGE as error:
        raise UserError(
            f"{shown(path)} is damaged ({shortened(repr(error))}); delete it, and `--resume` makes "
            "it anew"
        ) from None


def require_files(paths: list[Path]) -> None:
    """UserError where a result has gone by now; the folder is then a ghost, made by later files."""
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} has been taken away during the run; start it again")


def checkpoints(out: Path) -> list[Path]:
    """The checkpoints in an output folder: of the models of each split, and of the folds."""
    name = BackupAndRestore.FILE
    return sorted([*out.glob(f"*/*/{name}"), *out.glob(f"folds/*/*/{name}")])
