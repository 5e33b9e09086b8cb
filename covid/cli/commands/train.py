"""`covid train`: one model, trained and evaluated."""

from argparse import Namespace

from covid.cli.commands.run import run


def train(options: Namespace) -> dict:
    """`covid train`: as `covid run`, with one model."""
    return run(options, "trained")
