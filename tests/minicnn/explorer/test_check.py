"""The page's check: red where the backward pass is wrong, and nowhere else."""

import pytest
from explorer_pages import Hand, architecture, compiled, image

from minicnn import layers, models
from minicnn.explorer import write_page


def page_of(browser, model, x, path, width=1280):
    return Hand(browser, write_page(compiled(model), x, 1, path / "page.html"), width)


def verdict(hand):
    hand.click("#check")
    hand.wait("document.querySelector('.verdict')")
    return hand.text(".verdict")


def two_convolutions():
    return models.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(40, 40, 1)),
            layers.MaxPooling2D(2),
            layers.Conv2D(1, 3, activation="relu"),
            layers.MaxPooling2D(8),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=2,
    )


DEAD = """
const k = model.nodes.findIndex(node => node.label === "conv2d_1");
const [rows, cols] = model.nodes[k].shape;
for (let row = 0; row < rows; row++)
  for (let col = 0; col < cols; col++) {
    chooseNode(k, [row, col, 0]);
    state.source = 1;
    const dx = state.back.dx[k][0];
    if (pixelsUnder(k, 1, row, col).every(({ index }) => dx.data[index] === 0)) {
      draw();
      return true;
    }
  }
return false;
"""


@pytest.mark.parametrize("width", [1280, 360])
def test_where_nothing_flows_an_error_in_dx_is_found_and_marked_all_the_same(
    width, browser, tmp_path
):
    hand = page_of(browser, two_convolutions(), image(40), tmp_path, width)
    hand.click("[value=backward]")
    assert hand.run(DEAD)
    assert verdict(hand).startswith("✓")
    hand.click("[value=notFlipped]")
    assert verdict(hand).startswith("✗")
    wrong = hand.run("return state.checked.inputs.filter(one => one.wrong).length")
    assert wrong
    assert hand.run("return document.querySelectorAll('#source-map rect.wrong').length") == 1
    rows = hand.run(
        "return [...document.querySelectorAll('#check-result tr.wrong')]"
        ".filter(row => row.checkVisibility()).length"
    )
    assert rows == wrong


def test_gradients_below_rounding_are_not_called_wrong(browser, tmp_path):
    """Behind twelve sigmoids a gradient of 1e-8 is left, and the loss has 16 digits."""
    squeezed = [layers.Conv2D(2, 3, padding="same", activation="sigmoid") for _ in range(12)]
    model = models.Sequential(
        [
            layers.Input((20, 20, 1)),
            *squeezed,
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=1,
    )
    hand = page_of(browser, model, image(20), tmp_path)
    hand.run("chooseNode(1); draw()")
    largest = hand.run("return largestOf(state.back.grads[1].kernel.data)")
    assert 0 < largest < 1e-7
    assert "too small to check" in verdict(hand)
    hand.run("chooseNode(12); draw()")
    assert verdict(hand).startswith("✓")


def test_an_error_that_does_not_reach_these_weights(browser, tmp_path):
    hand = page_of(browser, two_convolutions(), image(40), tmp_path)
    hand.run("chooseNode(model.nodes.length - 1); draw()")
    for error in ("offByOne", "noReluMask", "notFlipped"):
        hand.click(f"[value={error}]")
        assert "does not reach these" in verdict(hand)
        hand.click(f"[value={error}]")
    assert "does not reach" not in verdict(hand)


def test_a_check_is_shown_for_what_was_checked(browser, tmp_path):
    hand = page_of(browser, *architecture("three branches")[:2], tmp_path)
    assert verdict(hand).startswith("✓")
    assert "✓" in hand.text("#gradient-grid")
    hand.set("channel", 1)
    assert "✓" not in hand.text("#gradient-grid")
    assert hand.run("return document.querySelector('.verdict')") is None
    hand.set("channel", 0)
    assert "✓" in hand.text("#gradient-grid")


def test_a_weight_of_a_layer_with_two_uses(browser, tmp_path):
    """The map is of the chosen use; its sum is a part of the gradient, and the page says so."""
    hand = page_of(browser, *architecture("three branches")[:2], tmp_path)
    sums = []
    for label in hand.run("return model.nodes.map(n => n.label).filter(l => /^shared/.test(l))"):
        hand.run("chooseNode(model.nodes.findIndex(n => n.label === arguments_[0])); draw()", label)
        text = hand.text("#product-sum")
        assert "this is one of the layer's uses" in text
        sums.append(float(text.split("positions: ")[1].split(";")[0]))
        whole = float(text.split("make ")[1])
    assert len(sums) == 2 and sum(sums) == pytest.approx(whole, rel=1e-2)
