"""The report: one self-contained HTML page that says what a run found and what that is worth.

`write_page` reads summary.json and the files beside it and writes report.html: no network, no
script, no file beside it is needed to read it. A sentence of the page is either fixed (what a
measure means) or follows by rules from the numbers (`verdict`); it never says more than they do.

    reading       the run folder, with `runs` (what it has) and `values` (what can be made of it)
    verdict       the sentences that follow from the numbers
    words         numbers as text; what each measure means
    markup        elements and tables; all text is escaped
    pictures      figures inside the page, with the alternative texts of `alternatives`
    chart         the accuracies and their intervals, drawn as SVG
    style         colours, type, print
    opening, evidence, results, models, checks, card: the sections, in this order; `card` has a
                  `checklist` and the `literature`
    writing       all of it together
"""

from covid.page.writing import REPORT, write_page

__all__ = ["REPORT", "write_page"]
