"""The result table: 80 letters wide, models and baselines, and what must be said of them."""

from page_runs import make_run

from covid.pipeline.results_table import results_table


def test_it_fits_80_columns_and_says_what_must_be_said(tmp_path):
    models = ("cnn", "reduced_inception")
    summary = make_run(tmp_path / "run", models=models, figures=False)
    plain = results_table(summary)
    assert "balanced" not in plain and "(*:" not in plain
    split = summary["splits"]["group"]
    cnn = split["models"]["cnn"]
    cnn |= {"params": 31_491_393, "class_weight": {"Infected": 2.5, "Not_Infected": 0.625}}
    cnn["threshold"] = {"value": 0.5, "chosen_on": None, "method": "none was chosen"}
    cnn["test"]["answers_one_class"] = "Infected"
    split["baselines"]["majority class"]["measures"]["balanced_accuracy"]["value"] = 0.1
    table = results_table(summary)
    for text in (plain, table):
        assert max(map(len, text.splitlines())) <= 80
        assert " ".join(text.split()).startswith(f"{summary['doubt']} {summary['conclusion']}")
        for name in (*models, *split["baselines"]):
            assert sum(line.startswith(f"{name} ") for line in text.splitlines()) >= 2
    said = " ".join(table.split())
    assert "balanced AUC threshold" in said and "(*: none was chosen)" in said
    assert "cnn calls every test image Infected. Trained with class weights: Infected 2.50" in said
    (line,) = [line for line in table.splitlines() if line.startswith("cnn ") and "31," in line]
    assert line.endswith(" 0.500*")
    del summary["doubt"]  # as in runs of older versions
    assert " ".join(results_table(summary).split()).startswith(summary["conclusion"])
