"""`covid run`: everything, from images to results."""

from argparse import Namespace
from dataclasses import replace

from covid.cli.commands.resume import command_line, go_on
from covid.cli.parser.common import group_column
from covid.cli.parser.values import listed
from covid.common.choices import MODEL_NAMES
from covid.common.errors import UserError
from covid.common.output_files import free_name
from covid.data.groups import compile_group
from covid.data.split import parse_ratios
from covid.pipeline.options import Options


def run(options: Namespace) -> dict:
    """`covid run`."""
    if options.resume is not None:
        return go_on(options)
    names = listed(options.models)
    unknown = [name for name in names if name not in MODEL_NAMES]
    if unknown or not names:
        raise UserError(
            f"--models: expected some of {','.join(MODEL_NAMES)}, got {options.models!r}; choose "
            "some of these"
        )
    return run_all(options, names, "results")


def run_all(options: Namespace, models: tuple[str, ...], default_out: str) -> dict:
    """Check the options as far as possible before any work, then do all of it."""
    from covid.pipeline import run as runner  # with the figures, which take a second to import

    column = group_column(options)
    if options.group_audit and not options.audit:
        raise UserError(
            "--no-audit: --group-audit takes its groups from the audit; leave out one of them"
        )
    if options.group is not None:
        compile_group(options.group)
    grouped = options.group is not None or options.group_csv is not None or options.group_audit
    out = options.out or free_name(default_out)
    asked = Options(
        out=out,
        data=options.data,
        positive=options.positive,
        models=models,
        recipe=options.recipe,
        split=options.split or ("group" if grouped else "random"),
        group=options.group,
        group_csv=options.group_csv,
        group_column=column,
        group_audit=options.group_audit,
        folds=getattr(options, "folds", None),  # of `covid run` alone
        ratios=parse_ratios(options.ratios) if options.ratios is not None else None,
        no_contour=options.no_contour,
        epochs=options.epochs,
        seed=options.seed,
        checkpoint_steps=options.checkpoint_steps,
        audit=options.audit,
        controls=options.controls,
        command=options.command,
    )
    summary = runner.run_all(replace(asked, command_line=command_line(asked)))
    return {"folder": str(out), **summary}
