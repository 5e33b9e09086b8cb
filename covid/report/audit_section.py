"""The audit: what the images themselves say about the test, before any model is trained."""

from covid.audit.confounders import BAR
from covid.report import alt_texts
from covid.report.chart import confounder_chart
from covid.report.pictures import picture
from covid.report.run_data import Confounder, Run
from covid.report.verdict import TITLES


def audit_section(run: Run) -> dict:
    """The audit's leaks and confounders, and pictures of the images."""
    values: dict = {
        name: picture(run, f"figures/{name}.png", alt_texts.images_alt(name, run))
        for name in ("samples", "preprocessing", "augmentation")
    }
    if not any(values.values()):
        run.lacks("no pictures of the images")
    if run.audit is None:
        run.lacks("no audit")
        return values
    audit = run.audit
    return values | {
        "split": TITLES.get(audit.split, f"kept together by {audit.split}"),
        "pairs": picture(run, "audit/pairs.png", alt_texts.pairs_alt(audit)),
        "bar": BAR,
        "confounders": [(confounder, judgment(confounder)) for confounder in audit.varying],
        "constant": len(audit.confounders) - len(audit.varying),
        "chart": confounder_chart(audit),
    }


def judgment(confounder: Confounder) -> str:
    """Suspicious, unsuspicious, or undecided, from a confounder's flag and interval."""
    if confounder.flagged:
        return "suspicious"
    return "unsuspicious" if confounder.high < BAR else "too few to tell"
