"""The whole page from its templates, and its way to disk."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from covid.common.errors import shown
from covid.common.made_files import atomic_write
from covid.report import formats
from covid.report.audit_section import audit_section
from covid.report.controls_section import controls_section, folds_section
from covid.report.data_section import done_section
from covid.report.first_screen import first_screen
from covid.report.model_card import card_section, repeat_section
from covid.report.models_section import inside_section, models_section
from covid.report.read_run import read_run
from covid.report.results_section import results_section
from covid.report.run_data import Run

REPORT = "report.html"
FILTERS = ("amount", "between", "count", "fixed", "listed", "percent", "setting", "with_interval")


def verdict_of(part: str) -> Callable[[Run], str]:
    """The sentence of the audit or of the controls."""
    return lambda run: getattr(getattr(run, part), "verdict", "not done")


# (anchor, title, the values of its template; None leaves the section out; what is said of it before
# it is opened); the template of "audit" is templates/audit_section.html
SECTIONS: tuple[tuple[str, str, Callable[[Run], dict | None], str | Callable[[Run], str]], ...] = (
    ("results", "Results", results_section, "every measure with its interval, and what it means"),
    ("models", "Curves and errors", models_section, "training, ROC, calibration, worst errors"),
    ("inside", "Inside the models", inside_section, "heat maps with their check, filters, layers"),
    ("controls", "Controls", controls_section, verdict_of("controls")),
    ("audit", "Data audit", audit_section, verdict_of("audit")),
    ("folds", "Cross-validation", folds_section, "every image in a test once"),
    ("done", "Data and methods", done_section, "images, splits, preprocessing, recipe"),
    ("repeat", "Reproducing", repeat_section, "command, versions, all files"),
    ("card", "Model card", card_section, "purpose, limits, failures, checklist"),
    ("literature", "References", lambda run: {}, "what this page rests on"),
)


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
    with atomic_write(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
    return path


def page(run: Run) -> str:
    """The page as text."""
    from markupsafe import Markup

    templates = environment()

    def render(name: str, values: dict) -> Markup:
        return Markup(templates.get_template(name).render(run=run, **values))

    script = render("report.js", {})
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    first = render("first_screen.html", first_screen(run))
    sections = []
    for anchor, title, values_of, line in SECTIONS:
        if (values := values_of(run)) is not None:
            line = line if isinstance(line, str) else line(run)
            html = render(f"{anchor}_section.html", values)
            sections.append({"anchor": anchor, "title": title, "line": line, "html": html})
    content = {"first": first, "sections": sections, "script": script, "digest": digest}
    return render("report.html", content)


def environment():
    """The templates: all values are escaped, and one that a section forgets is an error."""
    import jinja2
    from markupsafe import Markup

    def printable(value):
        """Control characters, and bytes that are no text, written out: a page cannot hold them."""
        if isinstance(value, Markup):
            return value
        return shown(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    found = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters.update({name: getattr(formats, name) for name in FILTERS})
    return found
