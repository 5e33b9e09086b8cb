"""`covid synth`: a folder of synthetic slices."""

from argparse import Namespace
from dataclasses import asdict

from covid.cli.parser.values import listed
from covid.common.output_files import check_new_folder
from covid.common.screen import say


def synth(options: Namespace) -> dict:
    """`covid synth`."""
    from covid.phantom import Switches, write_dataset

    check_new_folder(options.out)
    switches = Switches(listed(",".join(options.shortcut)), options.near_duplicates, options.labels)
    files = write_dataset(
        options.out,
        options.patients,
        options.slices,
        options.seed,
        processes=True,
        **asdict(switches),
    )
    say(f"{len(files)} synthetic slices of {options.patients} synthetic patients in {options.out}")
    for sentence in switches.sentences():
        say(f"switched on: {sentence}")
    return {
        "folder": str(options.out),
        "images": len(files),
        "patients": options.patients,
        "seed": options.seed,
        "switches": asdict(switches),
        "synthetic": True,
    }
