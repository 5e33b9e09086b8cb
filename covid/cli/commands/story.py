"""`covid story`: see `covid.story.tell`."""

from __future__ import annotations

from argparse import Namespace

from covid.cli.commands.ending import end
from covid.common.errors import UserError
from covid.common.output_files import new_folder
from covid.common.screen import Screen
from covid.story.tell import tell
from covid.story.text import as_text

FEWEST_PATIENTS = 4  # kept apart, each class needs one to train with and one for the test


def story(options: Namespace) -> dict:
    """`covid story`."""
    if options.patients < FEWEST_PATIENTS:
        raise UserError(
            "--patients: the last chapter keeps patients apart, which takes at least "
            f"{FEWEST_PATIENTS}, got {options.patients}; choose more"
        )
    screen = Screen(options.verbose)
    with new_folder(options.out):
        content = tell(options.out, options.seed, options.epochs, options.patients, screen)
    end(as_text(content), options.out, options)
    return {"folder": str(options.out), **content}
