"""What a notebook shows of models, histories and figures, in one that is really run."""

import base64

import pytest
from notebooks import outputs_of, run_notebook

CELLS = {
    "imports": """
import warnings
warnings.simplefilter("error")  # a missing ipywidgets must be no reason to warn
import numpy as np
import minicnn
from minicnn import layers, models, utils
minicnn.use_backend("numpy")
""",
    "layer": 'layers.Conv2D(6, (3, 3), activation="relu")',
    "model": """
chain = [layers.Dense(3, activation="relu", input_shape=(4,)), layers.Dense(1, activation="sigmoid")]
model = models.Sequential(chain, name="<small>", seed=0)
model.compile("adam", metrics=["acc"])
model
""",
    "fit": """
x = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
history = model.fit(x, (x[:, :1] > 0).astype(np.float32), epochs=3, validation_split=0.5)
""",
    "history": "history",
    "plot": "history.plot()",
    "png": "utils.plot_model(model, show_shapes=True)",
    "svg": 'utils.plot_model(model, "model.svg")',
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What each of the cells shows."""
    v4 = pytest.importorskip("nbformat").v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(text.strip()) for text in CELLS.values()])
    with pytest.MonkeyPatch.context() as monkeypatch:
        done = run_notebook(notebook, tmp_path_factory.mktemp("notebook"), monkeypatch)
    return {name: outputs_of(cell) for name, cell in zip(CELLS, done.cells, strict=True)}


def width_of(png: str) -> int:
    return int.from_bytes(base64.b64decode(png)[16:20], "big")


def test_a_layer_is_one_line(shown):
    assert shown["layer"] == {"text/plain": "<Conv2D conv2d: 6 filters 3x3, relu, unbuilt>"}


def test_a_model_is_its_summary(shown):
    assert "<td " in shown["model"]["text/html"]
    assert "&lt;small&gt;" in shown["model"]["text/html"]
    assert "<small>" not in shown["model"]["text/html"]
    assert "19 parameters, compiled with Adam" in shown["model"]["text/plain"]


def test_fit_prints_a_line_for_each_epoch_and_warns_of_nothing(shown):
    assert shown["fit"].keys() == {"stdout"}
    lines = shown["fit"]["stdout"].splitlines()
    assert [line[:9] for line in lines] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]
    assert "\r" not in shown["fit"]["stdout"]


def test_a_history_is_a_table_of_its_epochs(shown):
    assert shown["history"]["text/html"].count("<tr>") == 1 + 3
    assert shown["history"]["text/plain"].startswith("<History: 3 epochs, acc ")


def test_plot_is_shown_without_pyplot(shown):
    assert width_of(shown["plot"]["image/png"]) > 500


def test_plot_model_is_shown_as_the_picture(shown):
    assert width_of(shown["png"]["image/png"]) > 200
    assert "FigureFile('model.png')" in shown["png"]["text/plain"]
    assert "<svg" in shown["svg"]["image/svg+xml"]
