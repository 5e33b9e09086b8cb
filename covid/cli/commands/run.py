"""`covid run`: everything, from images to results; `covid train` is the same with one model."""

from argparse import Namespace
from dataclasses import fields, replace

from covid.cli.commands.resume import command_line, resume
from covid.cli.parser.common import group_column
from covid.common.choices import GROUP, RANDOM
from covid.common.errors import UserError
from covid.common.output_files import free_name
from covid.data.groups import compile_group
from covid.pipeline.options import Options


def run(options: Namespace, default_out: str = "results") -> dict:
    """`covid run`: checks the options as far as possible before any work."""
    if options.resume is not None:
        return resume(options)
    from covid.pipeline import run as runner  # with the figures, which take a second to import

    if options.group_audit and not options.audit:
        raise UserError(
            "--no-audit: --group-audit takes its groups from the audit; leave out one of them"
        )
    if options.group is not None:
        compile_group(options.group)
    names = [field.name for field in fields(Options) if hasattr(options, field.name)]
    given = Options(**{name: getattr(options, name) for name in names})
    options = replace(
        given,
        out=given.out or free_name(default_out),
        split=given.split or (GROUP if given.names_groups else RANDOM),
        group_column=group_column(options),
    )
    summary = runner.run_all(replace(options, command_line=command_line(options)))
    return {"folder": str(options.out), **summary}
