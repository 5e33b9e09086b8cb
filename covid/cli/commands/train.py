"""`covid train`: one model, trained and evaluated."""

from argparse import Namespace

from covid.cli.commands.resume import go_on
from covid.cli.commands.run import run_all


def train(options: Namespace) -> dict:
    """`covid train`: as `covid run`, with one model."""
    if options.resume is not None:
        return go_on(options)
    return run_all(options, (options.model,), "trained")
