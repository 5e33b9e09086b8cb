"""The report: one self-contained HTML page that says what a run found and what that is worth.

`write_page` reads summary.json and the files beside it and writes report.html: no network, no
script, no file beside it is needed to read it. A sentence of the page is either fixed (what a
measure means) or follows by rules from the numbers (`verdict`); it never says more than they do.

    read_run      the run folder, with `run_data` (what it has) and `values` (what can be made of it)
    verdict       the sentences that follow from the numbers
    glossary      numbers as text; what each measure means
    markup        elements and tables; all text is escaped
    pictures      figures inside the page, with the texts of `alt_texts`
    chart         the accuracies and their intervals, drawn as SVG
    style         colours, type, print
    header, audit_section, results_section, models_section, controls_section, model_card:
                  the sections, in this order; `model_card` has a `checklist` and the `literature`
    write         all of it together
"""

from covid.page.write import REPORT, write_page

__all__ = ["REPORT", "write_page"]
