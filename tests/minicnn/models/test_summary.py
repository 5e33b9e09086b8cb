"""`model.summary()`: the very characters that Keras prints."""

import numpy as np
import pytest

from minicnn import layers as minicnn_layers
from minicnn import models as minicnn_models
from minicnn import optimizers
from minicnn.models.summary import readable_size, summary_text

TINY_CNN_SUMMARY = """\
Model: "tiny"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ (None, 148, 148, 6)    │            60 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ max_pooling2d (MaxPooling2D)    │ (None, 74, 74, 6)      │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dropout (Dropout)               │ (None, 74, 74, 6)      │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 32856)          │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 2)              │        65,714 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 1)              │             3 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 65,777 (256.94 KB)
 Trainable params: 65,777 (256.94 KB)
 Non-trainable params: 0 (0.00 B)"""


# Each model is written once, for both libraries: `L` is the module with the layers, `M` the one
# with the models.


def tiny_cnn(L, M):
    return M.Sequential(
        [
            L.Input((150, 150, 1)),
            L.Conv2D(6, (3, 3), activation="relu"),
            L.MaxPooling2D((2, 2)),
            L.Dropout(0.8),
            L.Flatten(),
            L.Dense(2, activation="relu"),
            L.Dense(1, activation="sigmoid"),
        ],
        name="tiny",
    )


def model2(L, M):
    return M.Sequential(
        [
            L.Input((150, 150, 1)),
            L.Conv2D(32, (3, 3), activation="relu"),
            L.MaxPooling2D((2, 2)),
            L.Dropout(0.5),
            L.Conv2D(64, (3, 3), activation="relu"),
            L.MaxPooling2D((2, 2)),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(64, activation="relu"),
            L.Dense(1, activation="sigmoid"),
        ],
        name="model2",
    )


def reduced_inception(L, M):
    inputs = L.Input((150, 150, 1))
    same = {"padding": "same", "activation": "relu"}
    branches = [
        L.Conv2D(1, (7, 7), **same)(inputs),
        L.Conv2D(1, (3, 3), **same)(L.Conv2D(1, (1, 1), **same)(inputs)),
        L.Conv2D(1, (5, 5), **same)(L.Conv2D(1, (1, 1), **same)(inputs)),
        L.Conv2D(1, (1, 1), **same)(L.MaxPooling2D((4, 4), strides=(1, 1), padding="same")(inputs)),
    ]
    joined = L.concatenate([L.Flatten()(branch) for branch in branches])
    return M.Model(inputs, L.Dense(1, activation="sigmoid")(joined), name="inception")


def globally_pooled(L, M):
    return M.Sequential(
        [
            L.Input((20, 20, 1)),
            L.Conv2D(8, (3, 3), activation="relu"),
            L.GlobalMaxPooling2D(keepdims=True),
            L.Conv2D(4, (1, 1)),
            L.GlobalAveragePooling2D(),
            L.Dense(1, activation="sigmoid"),
        ],
        name="globally_pooled",
    )


def functional_chain(L, M):
    inputs = L.Input((4,))
    return M.Model(inputs, L.Dense(1)(L.Dense(2)(inputs)), name="chain")


def chain_with_an_output_on_the_way(L, M):
    inputs = L.Input((4,))
    middle = L.Dense(2)(inputs)
    return M.Model(inputs, [middle, L.Dense(3)(middle)], name="two_outputs")


def shared_layer(L, M):
    inputs = L.Input((4,))
    shared = L.Dense(4, name="a_shared_layer_with_a_name_that_does_not_fit_anywhere")
    return M.Model(inputs, L.Dense(1)(shared(shared(inputs))), name="shared")


def two_inputs(L, M):
    first, second = L.Input((4,), name="first"), L.Input((5,), name="second one")
    return M.Model([first, second], L.Dense(1)(L.concatenate([first, second])), name="two_inputs")


ALL_MODELS = [
    tiny_cnn,
    model2,
    reduced_inception,
    globally_pooled,
    functional_chain,
    chain_with_an_output_on_the_way,
    shared_layer,
    two_inputs,
]


def keras_text(keras_model) -> str:
    """What Keras hands to `print_fn`; it ends in a line break, which `print` adds for us."""
    pieces = []
    keras_model.summary(print_fn=pieces.append)
    return "".join(pieces).removesuffix("\n")


@pytest.fixture(autouse=True)
def usual_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("columns", [50, 80, 100, 111, 112, 200])
@pytest.mark.parametrize("make", ALL_MODELS)
def test_equals_keras(make, columns, monkeypatch):
    keras = pytest.importorskip("keras")
    monkeypatch.setenv("COLUMNS", str(columns))
    keras.utils.clear_session()
    expected = keras_text(make(keras.layers, keras.models))
    assert summary_text(make(minicnn_layers, minicnn_models)) == expected


OPTIONS = [
    {"show_trainable": True},
    {"line_length": 70, "show_trainable": True},
    {"line_length": 120, "positions": [0.3, 0.5, 1.0]},
    {"positions": [0.5, 0.7, 1.0], "show_trainable": True, "expand_nested": True},
    {"layer_range": ["conv2d_1", "flatten"]},
    {"layer_range": ("flatten", "max_pooling2d"), "show_trainable": True},
    {"layer_range": ("max", "max")},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_equals_keras_with_its_options(options, monkeypatch):
    keras = pytest.importorskip("keras")
    monkeypatch.setenv("COLUMNS", "130")
    texts = []
    for L, M in ((keras.layers, keras.models), (minicnn_layers, minicnn_models)):
        keras.utils.clear_session()
        pieces = []
        model2(L, M).summary(**options, print_fn=pieces.append)
        texts.append("".join(pieces).removesuffix("\n"))
    assert texts[1] == texts[0]


@pytest.mark.parametrize("positions", [[0.3, 0.5, 0.7, 1.0], [0.2, 0.56, 0.75, 1.0]])
def test_a_branching_model_equals_keras_with_its_options(positions, monkeypatch):
    keras = pytest.importorskip("keras")
    monkeypatch.setenv("COLUMNS", "130")
    texts = []
    for L, M in ((keras.layers, keras.models), (minicnn_layers, minicnn_models)):
        keras.utils.clear_session()
        pieces = []
        reduced_inception(L, M).summary(
            positions=positions, show_trainable=True, print_fn=pieces.append
        )
        texts.append("".join(pieces).removesuffix("\n"))
    assert texts[1] == texts[0]


def test_what_is_trained_and_some_of_the_layers():
    model = tiny_cnn(minicnn_layers, minicnn_models)
    lines = summary_text(model, 80, show_trainable=True).splitlines()
    names = [layer.name for layer in model.layers]
    for layer in model.layers:
        (line,) = [line for line in lines if f" {layer.name} " in line]
        assert line.split("│")[4].strip() == ("Y" if layer.params else "-")
    part = summary_text(model, 80, layer_range=[names[1], names[2]])
    assert [name for name in names if f" {name} " in part] == names[1:3]
    assert part.splitlines()[-3:] == summary_text(model, 80).splitlines()[-3:]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"positions": [0.5, 1.0]}, "positions to be 3 rising fractions"),
        ({"positions": [0.5, 0.4, 1.0]}, "positions to be 3 rising fractions"),
        ({"positions": [0.5, 0.6, 1.2]}, "positions to be 3 rising fractions"),
        ({"positions": [0.01, 0.5, 1.0]}, "columns of at least 4 characters"),
        ({"layer_range": "conv2d"}, "layer_range to be two names"),
        ({"layer_range": ["conv2d"]}, "layer_range to be two names"),
        (
            {"layer_range": ["conv2d", "other"]},
            "layer_range to be two names of layers, .* there are conv2d, ",
        ),
    ],
)
def test_options_that_make_no_sense(options, expected):
    with pytest.raises(ValueError, match=f"summary: expected {expected}"):
        tiny_cnn(minicnn_layers, minicnn_models).summary(**options)


def test_equals_keras_after_a_training_step_with_adam():
    keras = pytest.importorskip("keras")
    keras.utils.clear_session()
    x, y = np.zeros((2, 150, 150, 1), np.float32), np.zeros((2, 1), np.float32)
    texts = []
    for model in (tiny_cnn(keras.layers, keras.models), tiny_cnn(minicnn_layers, minicnn_models)):
        model.compile("adam", "binary_crossentropy")
        model.train_on_batch(x, y)
        texts.append(keras_text(model) if isinstance(model, keras.Model) else summary_text(model))
    assert "Optimizer params: 131,556 (513.89 KB)" in texts[0]
    assert texts[1] == texts[0]


def test_tiny_cnn():
    assert summary_text(tiny_cnn(minicnn_layers, minicnn_models)) == TINY_CNN_SUMMARY


def test_compiling_alone_adds_nothing():
    model = tiny_cnn(minicnn_layers, minicnn_models)
    model.compile(optimizers.Adam(1e-4), "binary_crossentropy", ["acc"])
    assert summary_text(model) == TINY_CNN_SUMMARY


def test_the_method_prints_the_text(capsys):
    tiny_cnn(minicnn_layers, minicnn_models).summary()
    assert capsys.readouterr().out == TINY_CNN_SUMMARY + "\n"


def test_a_branching_model_says_what_is_connected_to_what(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    lines = summary_text(reduced_inception(minicnn_layers, minicnn_models)).splitlines()
    assert all(len(line) == 108 for line in lines if line[0] in "┏┃┡│├└")
    joined = next(number for number, line in enumerate(lines) if "│ concatenate" in line)
    cells = [line.split("│")[-2].strip() for line in lines[joined : joined + 4]]
    assert cells[:2] == ["flatten[0][0],", "flatten_1[0][0],"]
    assert " Total params: 90,093 (351.93 KB)" in lines


def test_a_model_that_does_not_know_its_input():
    layer = minicnn_layers.Dense(3)
    text = summary_text(minicnn_models.Sequential([layer], name="later"))
    assert "│ dense (Dense)                   │ ?                      │   0 (unbuilt) │" in text
    assert " Total params: 0 (0.00 B)" in text


def test_a_very_narrow_terminal_still_gets_a_table(monkeypatch):
    monkeypatch.setenv("COLUMNS", "8")
    assert "65,777" in summary_text(tiny_cnn(minicnn_layers, minicnn_models))


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0.00 B"), (1023, "1023.00 B"), (1024, "1.00 KB"), (3 * 1024**2 // 2, "1.50 MB")],
)
def test_sizes(size, text):
    assert readable_size(size) == text


@pytest.mark.parametrize("width", [60, 100])
def test_line_length_is_the_tables_width(width):
    lines = []
    minicnn_models.Sequential([minicnn_layers.Dense(1, input_shape=(3,))]).summary(
        line_length=width, print_fn=lines.append
    )
    table = lines[0].splitlines()[1:-4]
    assert {len(line) for line in table if line[0] in "┏┡└┃│"} == {width}


def test_the_table_of_a_notebook_has_the_same_texts():
    model = tiny_cnn(minicnn_layers, minicnn_models)
    html = model._repr_html_()
    assert html.count("<tr>") == 1 + len(model.layers)
    for text in ("conv2d (Conv2D)", "(None, 148, 148, 6)", ">65,714<", "Total params: 65,777"):
        assert text in html


def test_the_table_of_a_notebook_before_the_input_is_known():
    model = minicnn_models.Sequential([minicnn_layers.Dense(3)], name="<i>")
    assert "0 (unbuilt)" in model._repr_html_()
    assert "<i>" not in model._repr_html_()
    assert "Total params: 0" in minicnn_models.Sequential()._repr_html_()
