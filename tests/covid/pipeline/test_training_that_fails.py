"""A run in which a training fails ends in a sentence and keeps the models before."""

import numpy as np
import pytest
from bad_arrays import assert_one_sentence
from tiny_runs import quick

from covid.common.errors import UserError
from covid.pipeline import run as runner
from covid.training import recipes


def test_covid_ends_in_a_sentence_and_keeps_the_models_before(tmp_path, monkeypatch, capsys):
    real = recipes.recipe_for

    def explosive(name, model, *arguments):
        recipe = real(name, model, *arguments)
        return recipe if model == "tiny_cnn" else recipes.replace(recipe, learning_rate=1e32)

    monkeypatch.setattr(runner, "recipe_for", explosive)
    out = tmp_path / "results"
    with np.errstate(all="ignore"), pytest.raises(UserError) as caught:
        options = quick(out, models=("tiny_cnn", "reduced_inception"))
        runner.run_all(options)
    text = assert_one_sentence(caught)
    assert text.startswith("reduced_inception: training failed and is not saved (epoch 1, ")
    assert "try a smaller one" in text
    assert (out / "random/tiny_cnn/model.npz").exists()
    assert not (out / "random/reduced_inception").exists() and not (out / "summary.json").exists()
    assert (
        f"covid run --resume {out}" in capsys.readouterr().out
    )  # after whatever was wrong is repaired
