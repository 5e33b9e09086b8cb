"""The output folder of a run: as it was before, or with a checkpoint, whatever ends the run."""

import csv
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covid.common.choices import FOLDS, GROUP, RANDOM, RUN_INFO, SUMMARY
from covid.common.errors import UserError, shortened, shown
from covid.common.made_files import UNFINISHED, listing, sweep_made
from covid.common.output_files import check_outside, folder_lock, new_folder
from covid.common.screen import program, put
from covid.pipeline.options import Options
from covid.pipeline.run_record import write_run_info
from minicnn.callbacks import BackupAndRestore

# What it may raise to read a damaged file.
DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error)


@contextmanager
def output_folder(options: Options) -> Iterator[None]:
    """The output folder, new or that of the run to resume, for this process alone.

    If the run fails or is stopped: with a checkpoint everything is kept, and a line says how to
    resume; else what the run has made is removed.
    """
    if options.data is not None:
        check_outside(options.out, options.data, labels=options.labels)
    ours = False  # another process may have made the folder a moment ago

    def keep() -> bool:
        return (options.out / SUMMARY).exists() or bool(checkpoints(options))

    try:
        with old_folder(options.out) if options.resume else new_folder(options.out, keep):
            ours = True
            if not options.resume:
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
def old_folder(out: Path) -> Iterator[None]:
    """The output folder of a run that was interrupted, without what was half written."""
    with folder_lock(out):
        sweep_made(out)
        if not (out / SUMMARY).exists():
            with listing(out):
                yield
        else:
            yield
            (out / UNFINISHED).unlink(missing_ok=True)  # it was ended after its last file


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


def checkpoints(options: Options) -> list[Path]:
    """The checkpoints of a run: of its models in each split, and of the folds."""
    folders = [options.out / way / name for way in (RANDOM, GROUP) for name in options.models]
    folders += [
        options.out / FOLDS / name / f"fold-{number}"
        for name in options.models
        for number in range(1, (options.folds or 0) + 1)
    ]
    files = [folder / BackupAndRestore.FILE for folder in folders]
    return [path for path in files if path.exists()]
