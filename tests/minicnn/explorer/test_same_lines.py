"""The lines under a number: Python and the command print what the page shows."""

import shlex

import pytest
from explorer_pages import Hand, architecture, image

from minicnn import layers, models
from minicnn.explorer import Sample, write_page
from minicnn.inspection import explain, explain_gradient

# [lines, the number they belong to], of each layer: its output, its dz, and its dx.
LINES = """
const found = [];
for (const [k, node] of model.nodes.entries()) {
  if (!node.inputs.length) continue;
  chooseNode(k);
  chooseView("forward");
  draw();
  const at = view(node.shape).index(state.row, state.col, state.channel);
  found.push([sameLines().split("\\n"), state.run[k].y.data[at]]);
  chooseView("backward");
  draw();
  const there = view(node.shape).index(state.row, state.col, state.channel);
  found.push([sameLines().split("\\n"), state.back.dz[k].data[there]]);
  pointAt("source", ...state.input);
  const dx = state.back.dx[k][sourceBranch()];
  found.push([
    sameLines().split("\\n"),
    dx.data[view(dx.shape).index(...state.input, state.source)],
  ]);
}
return found;
"""


@pytest.mark.parametrize("name", ["three branches", "stack 0", "odd vectors", "two in, two out"])
def test_each_line_prints_what_is_shown(name, browser, tmp_path):
    model, x, y = architecture(name)
    model.astype("float64")
    hand = Hand(
        browser,
        write_page(model, x, y, tmp_path / "page.html", classes=("No", "It is"), command="explain"),
    )
    known = {"model": model, "x": x, "y": y, "print": lambda made: made}
    known |= {"explain": explain, "explain_gradient": explain_gradient}
    seen = 0
    for (python, shell, *remarks), value in hand.run(LINES):
        if remarks:
            assert remarks == ["# of the layer's first use"]
            continue
        explained = eval(python, known)
        assert explained.value == pytest.approx(value, rel=1e-9, abs=1e-12), python
        words = shlex.split(shell)
        assert words[words.index("--layer") + 1] == explained.layer
        at = tuple(int(part) for part in words[words.index("--position") + 1].split(","))
        assert at == tuple(explained.position)
        if "--backward" in words:
            assert words[words.index("--of") + 1] == explained.of
        seen += 1
    assert seen >= 9


def test_lines_say_what_they_do_not_print(browser, tmp_path):
    """The label is taken over; another sample has its own command; a change is named."""
    model = models.Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", input_shape=(8, 8, 1)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=1,
    )
    model.compile("sgd")
    others = [Sample(image(8, seed=3), 0, "other"), Sample(image(8, seed=4), 0, command="mine")]
    options = {"others": others, "classes": ("No", "It is"), "command": "covid explain m.npz a.png"}
    hand = Hand(browser, write_page(model, image(8), 1, tmp_path / "page.html", **options))

    def lines():
        return hand.run("return document.querySelector('#lines').textContent").split("\n")

    hand.click("[value=backward]")
    assert "covid explain m.npz a.png --layer conv2d --backward --label 'It is' --of" in lines()[1]
    hand.set("label", 0)
    assert "--label No" in lines()[1]
    assert "as they came" in lines()[2]
    hand.set("label", 1)
    assert len(lines()) == 2
    for change in ("#step", "[value=noReluMask]"):
        hand.click(change)
        assert "as they came" in lines()[2]
        hand.click("#reset")
        assert len(lines()) == 2
    hand.run("chooseSample(1)")
    assert len(lines()) == 1
    hand.run("chooseSample(2)")
    assert lines()[1].startswith("mine --layer")
