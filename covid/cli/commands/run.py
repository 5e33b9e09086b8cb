"""`covid run`: everything, from images to results; `covid train` is the same with one model."""

from argparse import Namespace
from dataclasses import fields, replace

from covid.cli.commands.resume import command_line, folder_to_resume, has_begun, resumed
from covid.cli.parser.common import group_column
from covid.common.choices import GROUP, RANDOM
from covid.common.errors import UserError
from covid.common.output_files import free_name
from covid.common.screen import Screen, complain
from covid.data.groups import compile_group
from covid.pipeline.options import Options


def run(options: Namespace, default_out: str = "results") -> dict:
    """`covid run`: checks the options as far as possible before any work."""
    if options.resume is not None:
        options.out = folder_to_resume(options)
    if options.resume is not None and has_begun(options.out, options):
        whole = resumed(options.out, options)
    else:
        whole = options_to_begin(options, default_out)
    # With the figures, which take a second to import.
    from covid.cli.commands.ending import end_run
    from covid.pipeline.run import run_all

    summary = run_all(whole)
    end_run(summary, whole, options)
    for sentence in summary.get("not_drawn", ()):
        complain(f"covid {options.command}", sentence)
    return {"folder": str(whole.out), **summary}


def options_to_begin(options: Namespace, default_out: str) -> Options:
    """The options of a new run."""
    if options.group_audit and not options.audit:
        raise UserError(
            "--no-audit: --group-audit takes its groups from the audit; leave out one of them"
        )
    if options.group is not None:
        compile_group(options.group)
    names = [field.name for field in fields(Options) if hasattr(options, field.name)]
    given = Options(**{name: getattr(options, name) for name in names})
    begun = replace(
        given,
        out=given.out or free_name(default_out),
        split=given.split or (GROUP if given.names_groups else RANDOM),
        group_column=group_column(options),
        resume=False,
        screen=Screen(options.verbose),
    )
    return replace(begun, command_line=command_line(begun))
