"""Pages compute what minicnn computes: every output and every gradient, of any architecture."""

import numpy as np
import pytest
from explorer_pages import ARCHITECTURES, Hand, architecture, compiled, image

from minicnn import layers, models
from minicnn.explorer import Sample, write_page


def worst(browser, path):
    hand = Hand(browser, path)
    assert hand.text("#agreement-line").startswith("✓")
    return hand.run("return page.worst")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_output_and_gradient(name, browser, tmp_path):
    path = write_page(*architecture(name), tmp_path / "page.html")
    assert worst(browser, path) < 1e-6


def test_a_model_of_another_dtype(browser, tmp_path):
    model, x, y = architecture("three branches")
    path = write_page(model.astype("float64"), x, y, tmp_path / "page.html")
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


@pytest.fixture
def stand_in(browser, tmp_path, monkeypatch):
    """A page with two samples, on which a layer stands for two that were left out."""
    monkeypatch.setattr("minicnn.explorer.cut.LARGEST", 60)
    model = models.Sequential(
        [
            layers.Conv2D(2, 2, activation="relu", input_shape=(8, 8, 1)),
            layers.Flatten(),
            layers.Dense(8, activation="relu", name="large"),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=1,
    )
    others = [Sample(image(8, seed=5), 0, "other")]
    epochs = [(0, {name: 0 * param for name, param in model.named_weights().items()})]
    page = tmp_path / "page.html"
    return Hand(
        browser,
        write_page(compiled(model), image(8), 1, page, others=others, epochs=epochs),
    )


STATE = "return [state.sample, answer(), state.back.loss]"


def test_a_stand_in_keeps_to_its_sample(stand_in):
    """Steps, back and reset leave it alone, and a sample brings its own."""
    before = stand_in.run(STATE)
    stand_in.click("#step")
    assert stand_in.run(STATE) != before
    stand_in.run("chooseSample(1)")
    stand_in.click("#undo")
    other = stand_in.run(STATE)
    stand_in.click("#reset")
    assert stand_in.run(STATE) == other
    stand_in.run("chooseSample(0)")
    assert stand_in.run(STATE) == before
    stand_in.set("epoch", 0)  # which had weights of what was left out, too
    stand_in.click("#undo")
    assert stand_in.run(STATE) == before


@pytest.mark.slow
def test_undo_in_any_order(browser, tmp_path):
    model = models.Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", input_shape=(12, 12, 1)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=1,
    )
    epochs = [(0, {name: 0.5 * param for name, param in model.named_weights().items()})]
    others = [Sample(image(12, seed=3), 0, "other")]
    page = write_page(
        compiled(model), image(12), 1, tmp_path / "page.html", others=others, epochs=epochs
    )
    hand = Hand(browser, page)
    start = hand.run(STATE)
    hand.run("chooseSample(1)")
    other = hand.run(STATE)
    hand.run("chooseSample(0)")
    hand.point("image-map", 5, 5, pressed=True)  # an image is of its sample
    hand.run("chooseSample(1)")
    hand.click("#undo")
    assert hand.run(STATE) == other
    hand.run("chooseSample(0)")
    assert hand.run(STATE) == start
    hand.run("setWeights(1, 'kernel', [[0, 5]], 'edit')")  # an epoch is undone before an edit
    edited = hand.run(STATE)
    hand.run("chooseSample(1)")
    assert hand.run("return state.before.p") == other[1]  # as the page came
    hand.run("chooseSample(0)")
    hand.set("epoch", 0)
    assert hand.run(STATE) != edited
    hand.click("#step")
    hand.click("#step-back")
    hand.click("#step-back")  # there is no further step
    hand.click("#undo")
    assert hand.run(STATE) == edited
    assert hand.run("return document.querySelector('#epoch').value") == "1"
    hand.click("#undo")
    assert hand.run(STATE) == start
    for row in range(60):  # a stroke is one step to undo
        hand.run(f"brush({row % 12}, 5, {'true' if row else 'false'})")
    hand.click("#undo")
    assert hand.run(STATE) == start
    hand.set("optimizer", "adam")
    hand.click("#step")
    hand.click("#step")
    hand.set("optimizer", "sgd")
    hand.click("#step")
    hand.click("#step-back")
    hand.set("optimizer", "adam")
    hand.click("#step")
    assert hand.run("return steps.number") == 3
    hand.click("#reset")
    assert hand.run(STATE) == start


@pytest.mark.parametrize("hash", ["#%", "#%E0%A4%A/1", "#conv2d/9999/-1/x", "#none/1", "#conv2d"])
def test_a_link_that_names_nothing(hash, browser, tmp_path):
    page = write_page(*architecture("three branches"), tmp_path / "page.html")
    hand = Hand(browser, page.as_uri() + hash)
    assert hand.text("#answer-now") and hand.text("#agreement-line").startswith("✓")


def test_links_lines_and_texts_of_odd_names_and_shares(browser, tmp_path):
    """A layer called a/b, quotes in a name, two outputs that share the loss, channels side by side."""
    page = write_page(*architecture("odd vectors"), tmp_path / "page.html")
    hand = Hand(browser, page)
    hand.run("chooseNode(model.nodes.findIndex(node => node.label === 'a/b'), [2, 1, 0]); draw()")
    hash = hand.run("return link()")
    assert hash == "#a%2Fb/2/1/0"
    assert Hand(browser, page.as_uri() + hash).run("return [state.row, state.col]") == [2, 1]
    hand.run("chooseNode(model.nodes.findIndex(node => node.label.includes('quoted'))); draw()")
    lines = hand.run("return document.querySelector('#lines').textContent")
    assert '\\"quoted\\" é' in lines
    hand.point("target-map", 3, 4)  # beyond the last of 17 units
    assert "unit 16" in hand.text("#parts")
    cells = hand.run("return document.querySelectorAll('#kernel-grid input').length")
    assert cells == 9
    hand.run(
        "chooseNode(model.nodes.findIndex(node => node.label === 'joined'), [1, 1, 6]); draw()"
    )
    assert hand.run("return state.source") == 1  # the second channel of the second input
    hand.run("chooseNode(model.nodes.length - 1); chooseView('backward'); draw()")
    assert "dz = (p - y) x 0.5, its share" in hand.text("#parts")
    assert hand.run("return differenceText(0)") == "(p - y) x 0.5, its share"


def test_the_keyboard_keeps_its_place(browser, tmp_path):
    page = write_page(*architecture("three branches"), tmp_path / "page.html")
    hand = Hand(browser, page)
    hand.run(
        "const input = document.querySelectorAll('#kernel-grid input')[1]; input.focus();"
        "input.value = 2; input.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    focused = "return document.activeElement.getAttribute('aria-label')"
    assert hand.run(focused).startswith("kernel[0, 1, ")
    hand.run("document.querySelectorAll('#gradient-grid button')[2].focus()")
    hand.run("document.activeElement.click()")
    assert hand.run(focused).startswith("dkernel[0, 2, ")
    hand.run("document.querySelector('#undo').focus()")
    hand.click("#undo")
    assert hand.run("return document.activeElement.id") == "undo"


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
    path = write_page(*architecture("three branches"), tmp_path / "page.html")
    Hand(browser, path)
    assert set(browser.requested()) == {path.as_uri()}


QUICK = ("three branches", 1280)  # in the fast suite, too
EVERYTHING = """
const wrong = [];
for (const [k, node] of model.nodes.entries()) {
  if (!node.inputs.length) continue;
  chooseNode(k);
  const {rows, cols} = view(node.shape);
  for (const name of ["forward", "backward", "gates"]) {
    chooseView(name);
    draw();
    pointAt("target", rows >> 1, cols >> 1);
    const source = view(model.nodes[sourceNode()].shape);
    pointAt("source", source.rows >> 1, source.cols >> 1);
    pointAt("source", 0, 0);
    if (!$("loop").hidden) stepTap();
    nextWindow();
    if (/undefined|NaN/.test(document.body.innerText)) wrong.push(`${node.label}, ${name}`);
  }
}
return wrong;
"""


@pytest.mark.parametrize(
    ("name", "width"),
    [
        pytest.param(name, width, marks=[] if (name, width) == QUICK else pytest.mark.slow)
        for name in ARCHITECTURES
        for width in (1280, 360)
    ],
)
def test_every_layer_of_any_architecture_is_shown_and_checked(name, width, browser, tmp_path):
    """Each layer in each view, then the check of each kernel: all agree."""
    hand = Hand(browser, write_page(*architecture(name), tmp_path / "page.html"), width)
    assert hand.run(EVERYTHING) == []
    for k in hand.run("return model.nodes.flatMap((node, k) => hasKernel(k) ? [k] : [])"):
        hand.run(f"chooseNode({k}); chooseView('backward'); draw(); check()")
        hand.wait("state.checked")
        assert hand.text(".verdict").startswith("✓"), (k, hand.text("#check-result"))
    before = hand.run("return [answer(), state.back.loss]")
    hand.set("rate", 1e-3)
    hand.click("#step")
    assert hand.run("return state.back.loss") < before[1]
    hand.click("#undo")
    assert hand.run("return [answer(), state.back.loss]") == before


def test_a_frame_on_a_map_of_one_value_stays_on_it(browser, tmp_path):
    page = write_page(*architecture("three branches"), tmp_path / "page.html")
    hand = Hand(browser, page)
    hand.run("chooseNode(model.nodes.length - 1); draw()")
    sticks_out = hand.run(
        "const map = $('target-map').querySelector('canvas').getBoundingClientRect();"
        "return [...$('target-map').querySelectorAll('rect')].map(r => r.getBoundingClientRect())"
        ".map(r => Math.max(map.left - r.left, r.right - map.right, map.top - r.top, r.bottom - map.bottom))"
    )
    assert sticks_out and max(sticks_out) < 16  # pixels; half of the map it was
