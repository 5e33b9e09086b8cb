"""The report: one self-contained HTML page that says what a run found and what that is worth.

`write_page` reads summary.json and the files beside it and writes report.html: it needs no network
and no other file to be read; its script, report.js, opens what a link leads to, and all else works
without it. The first screen answers what is asked first, the rest is folded. A sentence of the page
is either fixed (in a template) or follows by rules from the numbers (`verdict`); it never says more
than they do.

    read_run      summary.json, checked, as the dataclasses of `run_data` and `model_run`
    verdict       the sentences that follow from the numbers
    first_screen  verdict, three numbers, all results, two slices, what to do next
    data_section, audit_section, results_section, models_section, controls_section, model_card:
                  what the sections show; how, is in the template of the same name in templates/
    chart         values with their intervals, as rows of marks
    plots         line charts of one model, from its csv files
    pictures      figures inside the page, with the texts of `alt_texts`
    formats       numbers as text
    templates/    the prose and its markup, a file a section; report.css; report.js; macros.html:
                  tables, figures; charts.html: drawings; glossary.html: the words (what each
                  measure means is in `covid.metrics`)
    write         all of it together
"""

from covid.report.write import REPORT, write_page
