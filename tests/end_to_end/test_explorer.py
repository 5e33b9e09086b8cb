"""The explorer's page: each thing that it lets one do, in a real browser.

Of the models of `covid`, a graph with three branches and a random stack, on a wide screen and on a
phone. What the numbers of any architecture are is in tests/minicnn/explorer/test_numbers.py.
"""

import numpy as np
import pytest
from explorer_pages import Hand, image, random_stack, three_branches

from covid.training.architectures import MODELS, build_model
from minicnn.explorer import Sample, write_page
from minicnn.inspection import explain, trace
from minicnn.layers import Conv2D

WIDTHS = (1280, 360)
SLOW = pytest.mark.slow


GRAPHS = {
    "three_branches": lambda: three_branches((120, 100, 1)),
    "random_stack": lambda: random_stack(23, (100, 100, 3), outputs=1),
}
DRIVEN = (*MODELS, *GRAPHS)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Of each model: itself, its sample, and its page, made when first asked for."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def page(name):
        if name not in made:
            model = with_biases(name)
            rows, cols, channels = model.input_shape[1:]
            x = image(rows, channels)[:, :cols]
            made[name] = model, x, page_of(model, x, folder / f"{name}.html")
        return made[name]

    return page


def with_biases(name):
    """A model whose biases are not 0, and large enough that no dense unit is dead."""
    model = GRAPHS[name]() if name in GRAPHS else build_model(name, seed=3)
    model.compile("sgd")
    for param_name, param in model.named_weights().items():
        if param_name.endswith("/bias"):
            param += np.linspace(0.02, 0.1, param.size, dtype=np.float32)
    hidden = [layer for layer in model.layers if type(layer).__name__ == "Dense"][:-1]
    for layer in hidden:
        layer.params["bias"] += 2
    return model


def page_of(model, x, path):
    healthy = x.copy()
    healthy[40:80, 30:70] -= 0.7
    convolutions = {
        f"{layer.name}/{name}": param
        for layer in model.layers
        if isinstance(layer, Conv2D)
        for name, param in layer.params.items()
    }
    epochs = [(n, {name: n / 4 * param for name, param in convolutions.items()}) for n in range(5)]
    return write_page(
        model,
        x,
        1,
        path,
        name="ill",
        others=[Sample(healthy, 0, "healthy", healthy=True)],
        classes=("Not_Infected", "Infected"),
        epochs=epochs,
        prepare={"rescale": 1.0, "samplewise": True},
        command="covid explain model.npz slice.png",
    )


def driven(name, width):
    """One page on one screen; what takes longest is named so, and CI leaves it out."""
    label = f"longest-{name}-{width}" if name.startswith("cnn") else f"{name}-{width}"
    return pytest.param((name, width), id=label, marks=[] if label == "tiny_cnn-1280" else SLOW)


@pytest.fixture(params=[driven(name, width) for name in DRIVEN for width in WIDTHS])
def hand(request, browser, pages):
    name, width = request.param
    _, _, path = pages(name)
    return Hand(browser, path, width)


def first_convolution(hand):
    """Its name and node; it is chosen."""
    k = hand.run("return firstNode")
    hand.click(f"#layer-{k} .thumb")
    return hand.run("return model.nodes[firstNode].label"), k


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=SLOW if n.startswith("cnn") else []) for n in MODELS]
)
def test_numbers_and_size(name, browser, pages):
    _, _, path = pages(name)
    hand = Hand(browser, path)
    assert hand.run("return page.worst") < 1e-5
    left_out = hand.text("#left-out")
    assert bool(left_out) == (name in ("cnn", "cnn_dropout"))
    assert path.stat().st_size < (6e6 if left_out else 2e6)


def test_1_the_strip_shows_every_layer_and_chooses_a_map(hand):
    shown = hand.run("return [...document.querySelectorAll('.layer h3')].map(h => h.textContent)")
    assert sorted(shown) == sorted(hand.run("return model.nodes.map(node => node.label)"))
    edges = hand.run("return document.querySelectorAll('#edges path').length")
    assert edges == hand.run("return model.nodes.reduce((n, node) => n + node.inputs.length, 0)")
    for k, shape in enumerate(hand.run("return model.nodes.map(node => node.shape)")):
        if len(shape) == 3 and shape[2] > 16:  # the others on demand
            hand.click(f"#layer-{k} > button")
        thumbs = hand.run("return $(`layer-${arguments_[0]}`).querySelectorAll('.thumb').length", k)
        assert thumbs == (shape[2] if len(shape) == 3 else 1)
    k = hand.run("return model.nodes.findIndex((n, k) => layerOf(k).kind === 'MaxPooling2D')")
    hand.click(f"#layer-{k} .thumb")
    assert hand.run("return state.node") == k
    assert hand.run("return model.nodes[state.node].label") in hand.text("#value-title")


def test_2_an_output_shows_its_window_and_products(hand, pages, request):
    name, k = first_convolution(hand)
    model, x, _ = pages(request.node.callspec.params["hand"][0])
    hand.point("target-map", 70, 40)
    expected = explain(model, x, name, (70, 40, 0))
    assert f"row 70, col 40, channel 0: {expected.value:.4g}" in hand.text("#parts h3")
    tables = hand.numbers("#parts .grids")
    size = expected.inputs.shape[0]
    window = np.array(tables[:size], float)
    np.testing.assert_allclose(window, expected.inputs[..., 0], rtol=6e-3, atol=1e-6)
    products = np.array(tables[2 * size : 3 * size], float)
    np.testing.assert_allclose(products, expected.products[..., 0], rtol=6e-3, atol=1e-6)
    rows = dict(row[-2:] for row in hand.numbers("#parts > .list"))
    assert float(rows["+ bias"]) == pytest.approx(expected.bias, rel=1e-3)
    lines = hand.run("return document.querySelector('#lines').textContent")
    assert f'print(explain(model, x, "{name}", (70, 40, 0)))' in lines
    assert f"covid explain model.npz slice.png --layer {name} --position 70,40,0" in lines


def test_3_an_input_shows_all_outputs_that_read_it(hand):
    first_convolution(hand)
    hand.point("source-map", 60, 50)
    rows = hand.numbers("#parts .list")[1:]
    size = hand.run("return layerOf(firstNode).kernel_size[0]")
    assert len(rows) == size * size
    for _, _, weight, product in rows:
        pixel = hand.run(
            "const {data, shape} = state.run[0].y; return data[(60 * shape[1] + 50) * shape[2]]"
        )
        assert float(product) == pytest.approx(pixel * float(weight), rel=2e-3, abs=1e-9)
    frame = hand.run(
        "const r = document.querySelector('#target-map rect.window');"
        "return ['width', 'height'].map(name => Number(r.getAttribute(name)))"
    )
    assert frame == [size + 1, size + 1]  # half a pixel around them on each side


def test_4_backward_shows_what_flows_into_a_pixel(hand):
    name, k = first_convolution(hand)
    hand.click("[value=backward]")
    row, col = hand.run(
        "const dx = state.back.dx[firstNode][0]; const [, cols, channels] = dx.shape;"
        "const best = dx.data.reduce((m, v, i) => i % channels === 0 && "
        "Math.abs(v) > Math.abs(dx.data[m]) ? i : m, 0) / channels;"
        "return [Math.floor(best / cols), best % cols]"
    )
    hand.point("source-map", row, col)
    total = float(hand.numbers("#parts .list")[-1][-1])
    dx = hand.run(
        "const dx = state.back.dx[firstNode][0]; "
        "return dx.data[(arguments_[0] * dx.shape[1] + arguments_[1]) * dx.shape[2]]",
        row,
        col,
    )
    assert total == pytest.approx(dx, rel=1e-3) and dx != 0
    assert "turned by 180°" in hand.text("#parts")
    assert '"input"' in hand.run("return document.querySelector('#lines').textContent")


def test_5_a_weight_shows_the_map_whose_sum_is_its_gradient(hand):
    first_convolution(hand)
    buttons = hand.run("return document.querySelectorAll('#gradient-grid button').length")
    for number in (0, buttons - 1):
        hand.run(
            "document.querySelectorAll('#gradient-grid button')[arguments_[0]].click()", number
        )
        total = hand.run(
            "const slice = kernelSlice(); const [row, col] = state.tap;"
            "return [productOf(firstNode, slice, row, col).products.data.reduce((a, b) => a + b, 0),"
            "state.back.grads[model.nodes[firstNode].layer].kernel.data[slice.index(row, col)]]"
        )
        assert total[0] == pytest.approx(total[1], rel=1e-9, abs=1e-15)
        shown = float(hand.text("#product-sum").split(": ")[-1])
        assert shown == pytest.approx(total[1], rel=1e-3)


def test_6_gates_and_winners(hand):
    name, k = first_convolution(hand)
    hand.click("[value=gates]")
    row, col = hand.run(
        "const z = state.run[firstNode].z; const i = z.data.findIndex((v, i) => "
        "i % z.shape[2] === 0 && v < 0 && i > 5000); const p = Math.floor(i / z.shape[2]);"
        "return [Math.floor(p / z.shape[1]), p % z.shape[1]]"
    )
    hand.point("target-map", row, col)
    assert "closed: it stops here" in hand.text("#parts")
    assert hand.run("return targetValues(firstNode).caption") == "relu gates of"
    k = hand.run("return model.nodes.findIndex((n, k) => layerOf(k).kind === 'MaxPooling2D')")
    hand.click(f"#layer-{k} .thumb")
    hand.click("[value=forward]")
    hand.point("target-map", 20, 30)
    assert hand.run("return document.querySelectorAll('#source-map rect.winner').length") == 1
    assert hand.run("return document.querySelectorAll('#parts td.winner').length") == 1


def test_7_the_check_agrees_with_backward(hand):
    first_convolution(hand)
    hand.click("#check")
    hand.wait("document.querySelector('.verdict')")
    assert hand.text(".verdict").startswith("✓"), hand.text("#check-result")


def test_8_an_edit_changes_maps_p_and_loss_and_can_be_undone(hand):
    first_convolution(hand)
    before = hand.run(
        "return [answer(), state.back.loss, state.run[firstNode].y.data.reduce((a, b) => a + b, 0)]"
    )
    cell = "#kernel-grid input"
    hand.run(
        "const input = document.querySelector(arguments_[0]); input.value = 1.5;"
        "input.dispatchEvent(new Event('change', {bubbles: true}))",
        cell,
    )
    edited = hand.run(
        "return [answer(), state.back.loss, state.run[firstNode].y.data.reduce((a, b) => a + b, 0)]"
    )
    assert edited[0] != before[0] and edited[2] != before[2]
    assert "was" in hand.text("#answer-now")
    hand.click("#undo")
    assert (
        hand.run(
            "return [answer(), state.back.loss, state.run[firstNode].y.data.reduce((a, b) => a + b, 0)]"
        )
        == before
    )
    for preset in ("identity", "edge", "blur"):
        hand.set("preset", preset)
    size = hand.run("return layerOf(firstNode).kernel_size[0]")
    values = hand.run(
        "const s = kernelSlice(); const {kernel} = layerOf(firstNode).params;"
        "return cells(s).map(([r, c]) => kernel.data[s.index(r, c)])"
    )
    np.testing.assert_allclose(values, 1 / size**2)
    for _ in range(3):
        hand.click("#undo")
    assert hand.run("return answer()") == before[0]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_9_a_step_goes_downhill_and_back(hand, optimizer):
    before = hand.run("return [answer(), state.back.loss]")
    hand.set("optimizer", optimizer)
    hand.set("rate", 1e-4)
    hand.click("#step")
    after = hand.run("return [answer(), state.back.loss]")
    assert after[1] < before[1]
    assert float(hand.numbers("#step-result")[1][2]) == pytest.approx(after[1], rel=1e-3)
    formula, result = hand.text("#step-result .numbers").split(": ")[0].split(" = ")[1:]
    number = formula.replace("√", "").replace(" x ", "*")
    if optimizer == "adam":
        number = number.replace("(", "(np.sqrt(").replace(" +", ") +")
    assert eval(number) == pytest.approx(float(result), rel=2e-3)
    hand.click("#step")
    hand.click("#step-back")
    hand.click("#step-back")
    assert hand.run("return [answer(), state.back.loss]") == before


@pytest.mark.parametrize("error", ["offByOne", "noReluMask", "notFlipped"])
def test_10_an_error_turns_the_check_red_and_only_then(hand, error):
    first_convolution(hand)
    hand.click(f"#errors [value={error}]")
    hand.click("#check")
    hand.wait("document.querySelector('.verdict')")
    assert hand.text(".verdict").startswith("✗")
    wrong = hand.run(
        "return ['weights', 'biases', 'inputs'].map(k => state.checked[k].filter(one => one.wrong).length)"
    )
    if error == "notFlipped":
        assert wrong[2]
    else:
        assert wrong[0]
    marked = hand.run("return document.querySelectorAll('#gradient-grid .wrong').length")
    assert marked == wrong[0]
    hand.click("[value=backward]")
    marked = hand.run("return document.querySelectorAll('#source-map rect.wrong').length")
    assert marked == (wrong[2] > 0)
    hand.click(f"#errors [value={error}]")
    assert hand.run("return document.querySelector('.verdict')") is None
    hand.click("#check")
    hand.wait("document.querySelector('.verdict')")
    assert hand.text(".verdict").startswith("✓")


def test_11_the_window_slides_and_the_toy_computes(hand):
    first_convolution(hand)
    hand.point("target-map", 10, 12)
    hand.click("#step-window")
    assert hand.run("return [state.row, state.col]") == [10, 13]
    hand.set("speed", 30)
    hand.click("#play")
    hand.wait("state.col > 15")
    hand.click("#play")
    assert hand.text("#play") == "play"
    for kernel, stride, padding, size in (
        (3, 1, "valid", 5),
        (5, 2, "valid", 2),
        (3, 3, "same", 3),
    ):
        hand.set("toy-kernel", kernel)
        hand.set("toy-stride", stride)
        hand.set("toy-padding", padding)
        assert f"output, {size} x {size}" == hand.text("#toy-caption")
    hand.set("toy-stride", 1)
    hand.set("toy-padding", "valid")
    before = hand.text("#toy-formula")
    hand.click("#toy-step")
    assert hand.text("#toy-formula") != before
    products, total = hand.text("#toy-formula").split("col 1: ")[1].split(" = ")
    assert products.count("·") == 9
    assert eval(products.replace("·", "*")) == float(total) != 0


def test_12_the_dense_layer_adds_up_to_p(hand):
    rows = hand.numbers("#contributions")
    listed = [float(row[1]) for row in rows[1:] if row[0] not in ("sum", "+ bias", "= z")]
    total = dict(row for row in rows[1:])
    assert sum(listed) == pytest.approx(float(total["sum"]), rel=1e-2, abs=1e-3)
    assert abs(listed[0]) >= abs(listed[1])
    loss = dict(hand.numbers("#loss"))
    z = float(loss["z, the logit"])
    assert float(loss["p(Infected) = 1 / (1 + exp(-z))"]) == pytest.approx(
        1 / (1 + np.exp(-z)), rel=1e-3
    )
    assert float(loss["d loss / dz = p - y"]) == pytest.approx(
        hand.run("return answer()") - 1, rel=1e-3
    )


def test_13_epochs(hand):
    _, k = first_convolution(hand)
    last = hand.run(
        "return [answer(), model.layers[model.nodes[firstNode].layer].params.kernel.data[0]]"
    )
    hand.run("document.querySelector('#epochs').scrollIntoView()")
    hand.set("epoch", 2)
    hand.wait("document.querySelector('#epoch-now').textContent.startsWith('after epoch 2')")
    now = hand.run("return model.layers[model.nodes[firstNode].layer].params.kernel.data[0]")
    assert now == pytest.approx(last[1] / 2, rel=1e-6)
    hand.set("epoch", hand.run("return document.querySelector('#epoch').max"))
    hand.wait("document.querySelector('#epoch-now').textContent === 'the model itself'")
    assert hand.run("return answer()") == pytest.approx(last[0], rel=1e-9)


def test_14_paint_erase_and_a_file(hand):
    before = hand.run("return answer()")
    hand.point("image-map", 70, 70, pressed=True)
    painted = hand.run("return answer()")
    assert painted != before
    hand.click("[value=erase]")
    hand.point("image-map", 60, 50, pressed=True)
    assert hand.run("return answer()") != painted
    hand.click("#undo")
    hand.click("#undo")
    assert hand.run("return answer()") == before
    hand.run(
        "const canvas = document.createElement('canvas'); canvas.width = canvas.height = 200;"
        "const c = canvas.getContext('2d'); c.fillStyle = '#888'; c.fillRect(0, 0, 120, 200);"
        "canvas.toBlob(blob => { const files = new DataTransfer();"
        "files.items.add(new File([blob], 'own.png', {type: 'image/png'}));"
        "document.dispatchEvent(new DragEvent('drop', {dataTransfer: files, bubbles: true})) })"
    )
    hand.wait("document.querySelector('#image-answer').textContent.startsWith('own.png')")
    x = np.array(hand.run("return Array.from(state.inputs[0].data)"))
    assert x.mean() == pytest.approx(0, abs=1e-6) and x.std() == pytest.approx(1, rel=1e-4)


def test_15_ill_and_healthy(hand, pages, request):
    model, x, _ = pages(request.node.callspec.params["hand"][0])
    hand.run("document.querySelector('#twins').scrollIntoView()")
    hand.wait("document.querySelector('#twin-text').textContent")
    assert hand.run("return document.querySelectorAll('#twin-maps canvas').length") == 9
    text = hand.text("#twin-text")
    p = float(trace(model, x)[model.layers[-1].name][0, 0])
    shown = [float(part.split(" = ")[1]) for part in text.split("   ")]
    assert text.startswith("ill: p = ") and "   healthy: p = " in text
    assert shown[0] == pytest.approx(p, rel=1e-3) and shown[1] != shown[0]
    hand.run("document.querySelectorAll('#sample-buttons input')[1].click()")
    assert hand.run("return state.labels[0].data[0]") == 0


def test_16_the_loop_runs_with_these_numbers(hand):
    first_convolution(hand)
    hand.point("target-map", 70, 40)
    assert hand.text("#code .running").strip().startswith("total += x[n, in_row, in_col, c]")
    taps = hand.run("return tapsOf(firstNode)")
    for _ in range(taps - 1):
        hand.click("#step-tap")
    values = dict(part.split(" = ") for part in hand.text("#variables").split("   "))
    code = hand.text("#code")
    assert "in range(out_height):  # row = 70\n" in code
    assert "total = bias[f]\n" in code  # which the total is not any more
    running = hand.text("#code .running")
    assert running.strip().endswith(
        f"# x[...] = {values['x[...]']}, kernel[...] = {values['kernel[...]']}, "
        f"total = {values['total']}"
    )
    z = hand.run(
        "return state.run[firstNode].z.data[(70 * model.nodes[firstNode].shape[1] + 40) "
        "* model.nodes[firstNode].shape[2]]"
    )
    assert float(values["total"]) == pytest.approx(z, rel=1e-3)
    assert int(values["row"]) == 70
    for name in ("conv2d_grad_kernel", "conv2d_grad_input"):
        hand.click("[value=backward]")
        hand.set("loop-name", name)
        assert "dy[n, row, col, f]" in hand.text("#code .running")


def test_17_keyboard_links_and_dark_mode(hand, browser, pages, request):
    name, k = first_convolution(hand)
    hand.point("target-map", 30, 30)
    hand.key("#target-map", "ArrowRight")
    hand.key("#target-map", "ArrowDown")
    assert hand.run("return [state.row, state.col]") == [31, 31]
    hand.wait(f"location.hash === '#{name}/31/31/0'")
    model, width = request.node.callspec.params["hand"]
    again = Hand(browser, "about:blank", width)
    again = Hand(browser, pages(model)[2].as_uri() + f"#{name}/12/34/0", width)
    assert again.run("return [state.row, state.col]") == [12, 34]
    browser.width(width, dark=True)
    again.wait("isDark()")
    unnamed = again.run(
        "return [...document.querySelectorAll('button, input, select, [role=img], [tabindex]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.innerText || e.closest('label') || e.id === 'strip'))"
        ".map(e => e.outerHTML.slice(0, 200))"
    )
    assert unnamed == []
    overflow = again.run(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
    browser.width(width)


@pytest.mark.parametrize("name", DRIVEN)
def test_an_answer_comes_at_once(name, browser, pages):
    """Before the edit's own call returns."""
    hand = Hand(browser, pages(name)[2])
    hand.run("setWeights(model.nodes[firstNode].layer, 'kernel', [[0, 0.5]], 'edit')")
    assert str(hand.run("return figure(answer())")) in hand.text("#answer-now")
