"""Pages compute what minicnn computes: every output and every gradient, of any architecture."""

import numpy as np
import pytest
from browser import REQUIRED, Browser, found
from explorer_pages import Hand, image, random_stack, three_branches

from minicnn import layers, models
from minicnn.explorer import Sample, write_page

pytestmark = pytest.mark.skipif(
    found() is None and not REQUIRED, reason="no Chromium with its driver"
)


@pytest.fixture(scope="module")
def browser():
    with Browser() as opened:
        yield opened


def worst(browser, path):
    hand = Hand(browser, path)
    assert hand.text("#agreement-line").startswith("✓")
    return hand.run("return page.worst")


def compiled(model):
    if model.optimizer is None:
        model.compile("sgd")
    return model


def two_in_two_out():
    """Two inputs, one of them a vector; two outputs, one of them read by another layer, no sigmoid."""
    picture, vector = layers.Input((9, 7, 1)), layers.Input((4,))
    flat = layers.Flatten()(layers.Conv2D(2, 3, use_bias=False)(picture))
    both = layers.concatenate([flat, layers.Dense(3, activation="relu")(vector)])
    first = layers.Dense(2, activation="sigmoid", name="first")(both)
    second = layers.Dense(1, activation="sigmoid", name="second")(first)
    model = models.Model([picture, vector], [first, second], name="two", seed=4)
    model.compile("sgd", loss_weights=[0.5, 2.0])
    return model


MODELS = {
    "three branches": (three_branches, image(21)[:, :18].repeat(2, axis=2), 1),
    **{
        f"stack {seed}": (lambda seed=seed: random_stack(seed), image(40, 3), [1, 0])
        for seed in range(4)
    },
    "two in, two out": (
        two_in_two_out,
        [image(9)[:, :7], np.array([0.5, -1, 2, 0.1], np.float32)],
        [np.array([1, 0]), np.array([1])],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_output_and_gradient(name, browser, tmp_path):
    build, x, y = MODELS[name]
    path = write_page(compiled(build()), x, y, tmp_path / "page.html")
    assert worst(browser, path) < 1e-6


def test_a_model_of_another_dtype(browser, tmp_path):
    model = compiled(three_branches()).astype("float64")
    path = write_page(model, *MODELS["three branches"][1:], tmp_path / "page.html")
    assert worst(browser, path) < 1e-6


def test_what_is_too_large_is_replaced_by_its_tangent(browser, tmp_path, monkeypatch):
    """Value and gradients at both samples are the model's own, and the page says what is left out."""
    monkeypatch.setattr("minicnn.explorer.cut.LARGEST", 200)
    model = models.Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", input_shape=(20, 20, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(4, activation="relu", name="large"),
            layers.Dense(1, activation="sigmoid", name="last"),
        ],
        seed=1,
    )
    x, other = image(20), image(20, seed=5)
    path = write_page(
        compiled(model), x, 1, tmp_path / "page.html", others=[Sample(other, 0, "other")]
    )
    assert worst(browser, path) < 1e-5
    hand = Hand(browser, path)
    assert "large, last" in hand.text("#left-out")
    for number, one in enumerate((x, other)):
        hand.run(f"chooseSample({number})")
        assert hand.run("return answer()") == pytest.approx(
            float(model.predict(one[None])[0, 0]), rel=1e-5
        )


def test_names_in_a_model_are_text_and_no_markup(browser, tmp_path):
    name = "</script><img src=x onerror=alert(1)>&amp;"
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))], name=name)
    path = write_page(
        compiled(model), np.ones(3), 1, tmp_path / "page.html", name="<b>x</b>", note="<i>"
    )
    hand = Hand(browser, path)
    assert name in hand.text("h1")
    assert (
        hand.run(
            "return document.querySelectorAll('header img, header b, header i, #bar b').length"
        )
        == 0
    )
    assert hand.run("return page.samples[0].name") == "<b>x</b>"


def test_nothing_is_fetched(browser, tmp_path):
    browser.requested()
    path = write_page(
        compiled(three_branches()), *MODELS["three branches"][1:], tmp_path / "page.html"
    )
    Hand(browser, path)
    assert set(browser.requested()) == {path.as_uri()}
