"""`covid report`: write report.html again, from what a run has left."""

from argparse import Namespace

from covid.cli.commands.ending import open_page
from covid.common.screen import say
from covid.report.read_run import read_run
from covid.report.verdict import headline
from covid.report.write import write_report


def report(options: Namespace) -> dict:
    """`covid report`."""
    run = read_run(options.run)
    path = write_report(run)
    sentence = headline(run)
    say(sentence)
    for what in run.missing:
        say(f"not in it: {what}")
    say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    if options.open:
        open_page(path)
    return {
        "report": str(path),
        "bytes": path.stat().st_size,
        "sentence": sentence,
        "missing": run.missing,
        "synthetic": run.synthetic,
        "positive": run.positive,
    }
