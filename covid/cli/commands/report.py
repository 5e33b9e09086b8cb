"""`covid report`: write report.html again, from what a run has left."""

from argparse import Namespace

from covid.report.read_run import read_run
from covid.report.verdict import headline
from covid.report.write import write_report


def report(options: Namespace) -> dict:
    """`covid report`."""
    run = read_run(options.run)
    path = write_report(run)
    sentence = headline(run)
    print(sentence)
    for what in run.missing:
        print(f"not in it: {what}")
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB); open it in a browser")
    return {
        "report": str(path),
        "bytes": path.stat().st_size,
        "sentence": sentence,
        "missing": run.missing,
        "synthetic": run.synthetic,
        "positive": run.positive,
    }
