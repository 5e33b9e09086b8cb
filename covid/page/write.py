"""The whole page, and its way to disk."""

from pathlib import Path

from covid.page.audit_section import audit_section
from covid.page.controls_section import controls_section, folds_section
from covid.page.header import contents, header, what_was_done
from covid.page.markup import Markup, join, paragraph, tag
from covid.page.model_card import card_section, literature_section, reproduce_section
from covid.page.models_section import inside_section, models_section
from covid.page.read_run import read_run
from covid.page.results_section import results_section
from covid.page.run_data import Run
from covid.page.style import style_sheet
from minicnn.files import whole_file

REPORT = "report.html"


def write_page(run_folder: str | Path) -> Path:
    """Write report.html into a run folder, from summary.json and the files beside it.

    Nothing else goes into it, neither the time nor where the folder is, so that the same folder
    always gives the same bytes.

    Parameters
    ----------
    run_folder : path
        The output folder of `covid run` or `covid train`.

    Returns
    -------
    path : Path
        Of report.html, which is replaced as a whole.

    Raises
    ------
    UserError
        It is no run folder, or its summary.json is damaged.
    OSError
        It cannot be written.
    """
    return write_report(read_run(run_folder))


def write_report(run: Run) -> Path:
    """Write the report of a run that was read; `run.missing` then says what it lacks."""
    path = run.folder / REPORT
    text = page(run)
    with whole_file(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
    return path


def page(run: Run) -> str:
    """The page as text."""
    sections = [
        ("done", "What was done", what_was_done(run)),
        ("audit", "Data, and what the audit says", audit_section(run)),
        ("results", "Results", results_section(run)),
        ("models", "Training, curves and mistakes", models_section(run)),
        ("controls", "Controls", controls_section(run)),
        ("inside", "Looking inside", inside_section(run)),
        ("folds", "Cross-validation", folds_section(run)),
        ("repeat", "How to repeat it", reproduce_section(run)),
        ("card", "Model card", card_section(run)),
        ("literature", "Literature", literature_section()),
    ]
    there = [(name, title, text) for name, title, text in sections if text is not None]
    entries = [(name, title) for name, title, _ in there]
    body = join(
        [
            header(run),
            contents(entries),
            tag("main", *(text for _, _, text in there)),
            tag("footer", paragraph(run.note), paragraph("Written by minicnn-covid.")),
        ]
    )
    title = f"{run.positive} or {run.negative}{' (synthetic images)' if run.synthetic else ''}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # Nothing is fetched, whatever a name in the data contains.
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; img-src data:; style-src 'unsafe-inline'",
        ),
        tag("title", f"{title}: what a result is worth"),
        tag("style", Markup(style_sheet())),
    )
    whole = tag("html", head, tag("body", body), lang="en")
    return f"<!doctype html>{whole}\n"
