"""The report: one self-contained HTML page that says what a run found and what that is worth.

`write_page` reads summary.json and the files beside it and writes report.html: it needs no network,
no script and no other file to be read. A sentence of the page is either fixed (in a template) or
follows by rules from the numbers (`verdict`); it never says more than they do.

    read_run      summary.json, checked, as the dataclasses of `run_data`
    verdict       the sentences that follow from the numbers
    header, audit_section, results_section, models_section, controls_section, model_card:
                  what the sections show; how, is in the template of the same name in templates/
    chart         the accuracies and their intervals
    pictures      figures inside the page, with the texts of `alt_texts`
    formats       numbers as text
    templates/    the prose and its markup, a file a section; report.css; macros.html: tables, figures;
                  glossary.html: the words (what each measure means is in `covid.metrics`)
    write         all of it together
"""

from covid.report.write import REPORT, write_page
