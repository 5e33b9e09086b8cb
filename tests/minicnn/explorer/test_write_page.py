"""`write_page`: what it refuses, and that a page is whole or as it was."""

import base64
import json
import re

import numpy as np
import pytest
from explorer_pages import compiled

from minicnn import kernels, layers, models
from minicnn.explorer import Sample, write_page
from minicnn.explorer.packing import SAMPLED, sampled
from minicnn.explorer.sources import kernel_sources
from minicnn.losses import BinaryCrossentropy

X = np.arange(36, dtype=np.float32).reshape(6, 6, 1) / 36


def small():
    return compiled(
        models.Sequential(
            [
                layers.Conv2D(2, 3, activation="relu", input_shape=(6, 6, 1)),
                layers.Flatten(),
                layers.Dense(1, activation="sigmoid"),
            ],
            seed=0,
        )
    )


def knows(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="page-data">(.*?)</script>', text, re.DOTALL)[1])


def values(packed):
    bits = base64.b64decode(packed["values"])
    return np.frombuffer(bits, f"<f{packed['bits'] // 8}").reshape(packed["shape"])


class Own(layers.Layer):
    def output_shape(self, input_shape):
        return input_shape

    def compute(self, x, training):
        return x

    def compute_gradients(self, dz):
        return dz


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (X[:4], 1, "expected input of shape"),
        (np.stack([X, X]), 1, "expected one sample, got 2"),
        (X, [1, 0], "expected labels of shape"),
        (X, 2, r"expected labels in \[0, 1\], got 2"),
        ([X, X], 1, "expected 1 inputs, got 2"),
    ],
)
def test_a_sample_that_does_not_fit(x, y, sentence, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("before")
    with pytest.raises(ValueError, match=sentence):
        write_page(small(), x, y, path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_layer_of_which_the_page_knows_nothing(tmp_path):
    model = models.Sequential([Own(input_shape=(3,)), layers.Dense(1, activation="sigmoid")])
    with pytest.raises(ValueError, match="own: a page cannot show layers of class Own"):
        write_page(compiled(model), np.ones(3), 1, tmp_path / "page.html")


class Doubled(layers.Conv2D):
    def compute(self, x, training):
        return 2 * super().compute(x, training)


class Renamed(layers.Conv2D):
    """One of one's own that computes as Conv2D does."""


def test_a_subclass_is_shown_where_it_computes_as_its_base(tmp_path):
    def model(kind):
        return compiled(
            models.Sequential(
                [kind(2, 3, input_shape=(6, 6, 1)), layers.Flatten(), layers.Dense(1)], seed=0
            )
        )

    with pytest.raises(ValueError, match="doubled: a page cannot show layers of class Doubled"):
        write_page(model(Doubled), X, 1, tmp_path / "page.html")
    page = knows(write_page(model(Renamed), X, 1, tmp_path / "page.html"))
    assert [one["class"] for one in page["model"]["layers"]][1] == "Renamed"


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"classes": ("ill",)}, ValueError, "classes: expected two names"),
        ({"classes": "ab"}, ValueError, "classes: expected two names"),
        ({"others": [(X, 0)]}, TypeError, "others: expected Samples"),
        ({"epochs": [(0, {"conv2d/kernel": np.zeros(3)})]}, ValueError, "epochs: expected finite"),
        ({"epochs": [(0, {"other/kernel": np.zeros(3)})]}, ValueError, "epochs: expected finite"),
    ],
)
def test_arguments_that_do_not_fit(arguments, error, sentence, tmp_path):
    with pytest.raises(error, match=sentence):
        write_page(small(), X, 1, tmp_path / "page.html", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_something_that_is_no_model(tmp_path):
    with pytest.raises(TypeError, match="expected a Model, got str"):
        write_page("model.npz", X, 1, tmp_path / "page.html")


def test_numbers_of_numpy_are_taken(tmp_path):
    arguments = {
        "prepare": {"rescale": np.float32(0.5), "samplewise": np.True_},
        "others": [Sample(X, np.int64(0), "other", healthy=np.True_)],
        "epochs": [(np.int64(0), {})],
    }
    page = knows(write_page(small(), X, np.float32(1), tmp_path / "page.html", **arguments))
    assert (
        page["prepare"] == {"rescale": 0.5, "samplewise": True, "missing": ""}
        and page["epochs"] is None
    )


def test_a_model_that_is_not_finite(tmp_path):
    model = small()
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    with pytest.raises(ValueError, match="expected a finite loss for the sample, got nan"):
        write_page(model, X, 1, tmp_path / "page.html")


def test_a_model_that_is_not_compiled(tmp_path):
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))], name="m")
    with pytest.raises(RuntimeError, match="m: call compile"):
        write_page(model, np.ones(3), 1, tmp_path / "page.html")


def test_a_loss_of_which_the_page_knows_nothing(tmp_path):
    class Doubled(BinaryCrossentropy):
        pass

    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))])
    model.compile("sgd", Doubled())
    with pytest.raises(ValueError, match="cannot take the loss Doubled apart"):
        write_page(model, np.ones(3), 1, tmp_path / "page.html")


def test_a_large_layer_in_a_model_of_two_outputs(tmp_path, monkeypatch):
    monkeypatch.setattr("minicnn.explorer.cut.LARGEST", 10)
    x = layers.Input((6,))
    outputs = [layers.Dense(3, activation="sigmoid")(x), layers.Dense(1, activation="sigmoid")(x)]
    model = models.Model(x, outputs, name="two")
    with pytest.raises(ValueError, match="two: a layer of 21 weights is too large for a page"):
        write_page(compiled(model), np.ones(6), [np.zeros(3), 1], tmp_path / "page.html")


def test_the_model_is_as_it_was(tmp_path):
    model = small()
    before = model.get_weights()
    with kernels.use_backend("naive"):
        write_page(model, X, 1, tmp_path / "page.html", others=[Sample(-X, 0, "other")])
        assert kernels.backend() == "naive"
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_page_has_the_weights_and_the_image_to_the_bit(tmp_path):
    model = small()
    page = knows(write_page(model, X, 1, tmp_path / "page.html"))
    conv = next(layer for layer in page["model"]["layers"] if layer["kind"] == "Conv2D")
    np.testing.assert_array_equal(values(conv["params"]["kernel"]), model.get_weights()[0])
    np.testing.assert_array_equal(values(page["samples"][0]["inputs"][0]), X)


def test_the_same_page_twice_is_the_same_file(tmp_path):
    one, other = (write_page(small(), X, 1, tmp_path / name) for name in ("a.html", "b.html"))
    assert one.read_bytes() == other.read_bytes()


def test_what_is_carried_of_a_large_array():
    array = np.arange(10 * SAMPLED, dtype=np.float64)
    found = sampled(array)
    assert found["step"] == 11 and found["largest"] == array[-1]
    np.testing.assert_array_equal(values(found), array[::11])


def test_the_loops_are_the_installed_ones():
    """Their running lines, which `loop.js` looks for, are there; the docstrings are not."""
    sources = kernel_sources()
    for name, line in {
        "conv2d_forward": "total +=",
        "conv2d_grad_kernel": "dkernel[tap_row",
        "conv2d_grad_input": "dx[n, in_row",
        "maxpool2d_forward": "if value > best",
        "maxpool2d_grad_input": "dx[n, in_row",
        "dense_forward": "total +=",
        "dense_grad_kernel": "dkernel[i, u] +=",
        "dense_grad_input": "dx[n, i] +=",
    }.items():
        lines = [text for text in sources[name].splitlines() if text.strip().startswith(line)]
        assert len(lines) == 1, name
        assert '"""' not in sources[name] and sources[name].startswith(f"def {name}(")
