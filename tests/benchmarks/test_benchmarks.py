"""The comparison with other frameworks compares what it says. No time is asserted here."""

import json

import numpy as np
import pytest
from tiny_runs import slices

from benchmarks.peers import article, command, model_cases, rounds
from benchmarks.peers.contestant import minicnn_contestant
from covid.data.images import read_gray
from covid.data.preprocess import enhance_and_crop
from covid.training.architectures import MODELS

MODEL = "tiny_cnn"


def small_batch(size=150):
    x = np.random.default_rng(0).random((3, size, size, 1), dtype=np.float32)
    # black, as the border of a slice: there some units are active that otherwise are not
    x[:, :40] = 0
    return x, np.array([[0], [1], [1]], np.float32)


def built(way: str, weights, model=MODEL):
    """A model in one of the peers; skips where that is not installed."""
    batch = small_batch(MODELS[model].image_size)
    if way == "keras":
        pytest.importorskip("tensorflow")
        from benchmarks.peers import in_keras

        return in_keras.contestant(model, weights, *batch)
    pytest.importorskip("torch")
    from benchmarks.peers import in_torch

    return in_torch.contestant(way, model, weights, *batch)


def seed(way: str) -> None:
    """The same dropout masks at every run of a test."""
    if way == "keras":
        import keras

        keras.utils.set_random_seed(0)
    else:
        import torch

        torch.manual_seed(0)


@pytest.mark.parametrize("way", ["torch", "torch_channels_last", "keras"])
def test_peers_have_the_same_outputs_and_gradients(way):
    weights = model_cases.lively_weights(MODEL)
    expected = minicnn_contestant(MODEL, weights, *small_batch()).compare()
    found = built(way, weights).compare()
    assert len(found[1]) == len(weights) > 0
    assert max(model_cases.difference(way, expected, found)) < 1e-4
    found[1][2][5, 1] += 0.03 * np.abs(expected[1][2]).max()
    with pytest.raises(ValueError, match="gradient 2 differs"):
        model_cases.difference(way, expected, found)


@pytest.mark.parametrize("model", [name for name in MODELS if name != MODEL])
@pytest.mark.parametrize("way", ["torch", "keras"])
def test_the_peers_have_every_model(way, model):
    weights = model_cases.lively_weights(model)
    found = built(way, weights, model).compare()
    batch = small_batch(MODELS[model].image_size)
    model_cases.difference(way, minicnn_contestant(model, weights, *batch).compare(), found)


def test_the_command_has_every_model():
    groups = command.wanted_groups(command.parse([]))
    assert {name.split("/")[0] for names, _ in groups for name in names} >= set(MODELS)


@pytest.mark.parametrize("way", ["torch", "keras"])
def test_peers_drop_in_training_and_nowhere_else(way):
    contestant = built(way, model_cases.lively_weights(MODEL))
    seed(way)
    p, _ = contestant.compare()
    y = small_batch()[1]
    without_dropout = -np.mean(np.where(y == 1, np.log(p), np.log(1 - p)))
    contestant.switch(True)
    assert abs(contestant.training_step() - without_dropout) > 1e-3  # before the weights changed
    contestant.switch(False)
    again = [np.asarray(contestant.inference()) for _ in range(2)]
    assert np.array_equal(*again)


def test_json_has_the_promised_form(monkeypatch, tmp_path, capsys):
    pytest.importorskip("torch")
    monkeypatch.setattr(model_cases, "batch", lambda size, count: small_batch())
    monkeypatch.setattr(model_cases, "TORCH_WAYS", ("torch",))
    monkeypatch.setattr(
        model_cases, "absent", lambda modules: "gone" if modules == ["tensorflow"] else ""
    )
    monkeypatch.setattr(rounds, "SLICE", 0.0)
    file = tmp_path / "out.json"
    assert command.main([MODEL, "--rounds", "1", "--json", str(file)]) == 0
    found = json.loads(file.read_text())
    assert set(found) == {f"{MODEL}/training_step", f"{MODEL}/inference", "machine"}
    for case in (f"{MODEL}/training_step", f"{MODEL}/inference"):
        assert set(found[case]) == {"minicnn_ms", "peers", "ratio"}
        assert set(found[case]["peers"]) == {"torch"}
        assert found[case]["ratio"] == found[case]["peers"]["torch"] / found[case]["minicnn_ms"]
    assert "keras is left out, gone" in capsys.readouterr().out


def test_ratio_is_that_of_the_fastest_peer():
    result = rounds.Result("a", 2.0, {"slow": 9.0, "fast": 5.0}, 3)
    assert (result.fastest, result.ratio) == ("fast", 2.5)
    assert rounds.Result("a", 2.0, {}, 3).ratio is None


def test_every_contestant_runs_once_in_a_round(monkeypatch):
    monkeypatch.setattr(rounds, "SLICE", 0.0)
    calls = []
    work = {name: lambda name=name: calls.append(name) for name in (rounds.OURS, "peer")}
    result = rounds.time_case(rounds.Case("a", work, {}, warm_up=1), seconds=0, rounds=3)
    assert calls == [rounds.OURS, "peer"] * 4
    assert (result.rounds, set(result.peers)) == (3, {"peer"})


def test_unknown_case_is_an_error(capsys):
    assert command.main(["no_such_case"]) == 2
    assert "no case has 'no_such_case' in its name" in capsys.readouterr().err


def test_the_whole_process_runs_only_when_asked_for():
    def names(*arguments):
        groups = command.wanted_groups(command.parse(list(arguments)))
        return [name for found, _ in groups for name in found]

    assert "train/whole_process" not in names()
    assert names("whole") == ["train/whole_process"]
    assert names("--whole-process") == [*names(), "train/whole_process"]


def test_the_articles_loop_gives_the_pixels_of_enhance_and_crop():
    images = [read_gray(path) for path in sorted(slices().rglob("*.png"))]
    for image, prepared in zip(images, article.prepare(images), strict=True):
        assert np.array_equal(enhance_and_crop(image).image, prepared)
