"""`plot_model`: a layout without overlaps, arrows from box to box, and a complete file."""

import itertools
import struct
import sys

import cv2
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from minicnn import layers as L
from minicnn import utils
from minicnn.drawing import described, draw_described, plot_model
from minicnn.drawing.boxes import Shown
from minicnn.drawing.layout import ARROW_LENGTH, layered_layout
from minicnn.models import Model, Sequential


def long_chain() -> Sequential:
    """The longest of the published chains: two convolutions and more dropout."""
    return Sequential(
        [
            L.Conv2D(3, (3, 3), input_shape=(30, 30, 1)),
            L.MaxPooling2D((2, 2)),
            L.Dropout(0.5),
            L.Conv2D(4, (3, 3)),
            L.MaxPooling2D((2, 2)),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(5),
            L.Dense(1),
        ]
    )


def inception_block(source):
    """The general block: four branches, two of them with a reduction first, one with pooling."""

    def conv(size, tensor):
        return L.Conv2D(2, (size, size), padding="same")(tensor)

    pooling = L.MaxPooling2D((3, 3), strides=(1, 1), padding="same")(source)
    return L.concatenate(
        [conv(1, source), conv(3, conv(1, source)), conv(5, conv(1, source)), conv(1, pooling)]
    )


def reduced_inception() -> Model:
    """Four branches that are flattened before they are joined, as in the published model."""
    inputs = L.Input((150, 150, 1))

    def conv(size, tensor):
        return L.Conv2D(1, (size, size), padding="same")(tensor)

    pooling = L.MaxPooling2D((4, 4), strides=(1, 1), padding="same")(inputs)
    ends = [conv(7, inputs), conv(3, conv(1, inputs)), conv(5, conv(1, inputs)), conv(1, pooling)]
    return Model(inputs, L.Dense(1)(L.concatenate([L.Flatten()(end) for end in ends])))


def two_blocks() -> Model:
    inputs = L.Input((8, 8, 1))
    return Model(inputs, L.Dense(1)(L.Flatten()(inception_block(inception_block(inputs)))))


def six_columns() -> Model:
    inputs = L.Input((8, 8, 1))
    branches = [L.Flatten()(L.Conv2D(1, (1, 1))(inputs)) for _ in range(6)]
    return Model(inputs, L.Dense(1)(L.concatenate(branches)))


def shortcuts() -> Model:
    """Edges that pass one, two and three ranks, two inputs, two outputs, one tensor used twice."""
    first, second = L.Input((8,)), L.Input((3,))
    a = L.Dense(2)(first)
    b = L.Dense(2)(a)
    c = L.Dense(2)(b)
    return Model([first, second], [L.concatenate([first, a, c, second, c]), L.Dense(3)(a)])


def shared_layer() -> Model:
    inputs = L.Input((4,))
    shared = L.Dense(4)
    return Model(inputs, L.Dense(1)(shared(shared(inputs))))


def residual_network() -> Model:
    """Three blocks, each with a shortcut past two convolutions."""
    inputs = x = L.Input((8, 8, 1))
    for filters in (2, 2, 12):
        branch = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
        branch = L.Conv2D(filters, 3, padding="same")(branch)
        x = L.ReLU()(L.concatenate([branch, x]))
    return Model(inputs, L.Dense(1)(L.Flatten()(x)))


MODELS = [
    long_chain,
    reduced_inception,
    two_blocks,
    six_columns,
    shortcuts,
    shared_layer,
    residual_network,
]


def layout_of(model, show_shapes=True):
    contents, edges = described(model, Shown(show_shapes))
    return layered_layout([content.size() for content in contents], edges), edges


def random_graph(seed: int):
    """Sizes and edges of a graph of 3 to 14 boxes, denser than models are."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 15))
    sizes = [tuple(rng.uniform(20, 200, size=2)) for _ in range(count)]
    pairs = itertools.combinations(range(count), 2)
    return sizes, [pair for pair in pairs if rng.uniform() < 0.25]


def overlaps(one, other) -> bool:
    sideways = abs(one.x - other.x) < (one.width + other.width) / 2
    return sideways and one.top < other.top + other.height and other.top < one.top + one.height


def curve(route, steps=40):
    """Points along a route as it is drawn: straight legs, and cubic S-curves between ranks."""
    for leg, (start, end) in enumerate(itertools.pairwise(route)):
        for t in np.linspace(0, 1, steps):
            # In an S-curve the control points are above one another at half the height.
            sideways = t if leg % 2 == 0 else 3 * t**2 - 2 * t**3
            middle = (start[1] + end[1]) / 2
            down = np.array([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3])
            y = start[1] + t * (end[1] - start[1])
            if leg % 2:
                y = down @ [start[1], middle, middle, end[1]]
            yield start[0] + sideways * (end[0] - start[0]), y


def check_layout(layout, edges):
    for one, other in itertools.combinations(layout.boxes, 2):
        assert not overlaps(one, other)
    for box in layout.boxes:
        assert box.x - box.width / 2 > -1e-6 and box.x + box.width / 2 < layout.width + 1e-6
        assert box.top > -1e-6 and box.top + box.height < layout.height + 1e-6
    assert len(layout.routes) == len(edges)
    for (source, target), route in zip(edges, layout.routes, strict=True):
        upper, lower = layout.boxes[source], layout.boxes[target]
        assert route[0] == (upper.x, upper.top + upper.height)
        assert abs(route[-1][0] - lower.x) < lower.width / 2
        assert route[-1][1] == lower.top
        assert len(route) % 2 == 0
        steps_down = np.diff([y for _, y in route])
        assert steps_down.min() > -1e-6 and steps_down[-1] > ARROW_LENGTH - 1e-6
        for x, y in curve(route):
            for box in layout.boxes:
                below = y - box.top
                assert not (abs(x - box.x) < box.width / 2 and 1e-6 < below < box.height - 1e-6)


@pytest.mark.parametrize("show_shapes", [True, False])
@pytest.mark.parametrize("make", MODELS)
def test_nothing_overlaps_and_edges_join_the_right_boxes(make, show_shapes):
    check_layout(*layout_of(make(), show_shapes))


@pytest.mark.parametrize("seed", range(25))
def test_any_graph_gets_a_sound_layout(seed):
    sizes, edges = random_graph(seed)
    layout = layered_layout(sizes, edges)
    check_layout(layout, edges)
    assert [(box.width, box.height) for box in layout.boxes] == sizes


@pytest.mark.parametrize("make", [reduced_inception, two_blocks, six_columns])
def test_branches_stand_side_by_side_in_straight_columns(make):
    layout, edges = layout_of(make())
    sources = [source for source, _ in edges]
    targets = [target for _, target in edges]
    straight = [
        route
        for (source, target), route in zip(edges, layout.routes, strict=True)
        if sources.count(source) == targets.count(target) == 1
    ]
    assert straight
    for route in straight:
        assert max(x for x, _ in route) - min(x for x, _ in route) < 0.1  # points


def test_a_merging_layer_gets_its_inputs_from_left_to_right():
    model = reduced_inception()
    layout, edges = layout_of(model)
    joined = next(
        at for at, node in enumerate(model.graph.nodes) if node.layer.name == "concatenate"
    )
    ports = [
        route[-1][0]
        for (_, target), route in zip(edges, layout.routes, strict=True)
        if target == joined
    ]
    assert len(ports) == 4 and ports == sorted(ports)


def test_a_chain_is_centered():
    layout, _ = layout_of(long_chain())
    assert len({round(box.x, 6) for box in layout.boxes}) == 1
    tops = [box.top for box in layout.boxes]
    assert tops == sorted(set(tops))


def test_a_narrow_block_is_centered_above_a_wide_one():
    inputs = L.Input((8, 8, 1))
    x = L.concatenate([L.Conv2D(1, 1)(inputs) for _ in range(2)])
    x = L.concatenate([L.Conv2D(1, 1)(x) for _ in range(5)])
    layout, edges = layout_of(Model(inputs, x))
    middle = layout.width / 2
    narrow, wide = layout.boxes[1:3], layout.boxes[4:9]
    for boxes in (narrow, wide):
        left, right = boxes[0].x - boxes[0].width / 2, boxes[-1].x + boxes[-1].width / 2
        assert (left + right) / 2 == pytest.approx(middle)
    assert layout.boxes[3].x == pytest.approx(middle)


def test_layout_refuses_nothing():
    with pytest.raises(ValueError, match="at least one box"):
        layered_layout([], [])


# What is written in the figure


def drawn(model, show_shapes, show_layer_names=True):
    return draw_described(*described(model, Shown(show_shapes, show_layer_names)))


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_layer_is_named_with_its_shapes():
    model = reduced_inception()
    found = texts(drawn(model, show_shapes=True))
    for layer in model.layers:
        assert f"{layer.name} ({type(layer).__name__})" in found
    assert sum(text.startswith("output: ") for text in found) == len(model.layers)
    at = found.index("concatenate (Concatenate)")
    assert found[at + 1 : at + 6] == [*["input: (None, 22500)"] * 4, "output: (None, 90000)"]
    at = found.index("input_layer (InputLayer)")
    assert found[at + 1] == "output: (None, 150, 150, 1)"


def test_what_else_can_be_shown():
    model = reduced_inception()
    found = texts(
        draw_described(*described(model, Shown(dtype=True, activations=True, trainable=True)))
    )
    at = found.index("conv2d (Conv2D)")
    assert found[at : at + 4] == [found[at], "activation: linear", "dtype: float32", "trainable"]
    at = found.index("concatenate (Concatenate)")
    assert found[at + 1] == "dtype: float32"
    assert found.count("trainable") == sum(bool(layer.params) for layer in model.layers)
    assert "dtype: float64" in texts(
        draw_described(*described(long_chain().astype("float64"), Shown(dtype=True)))
    )


@pytest.mark.parametrize("make", [reduced_inception, long_chain])
def test_from_left_to_right_it_is_turned_on_its_side(make):
    """Boxes keep their sizes; what was below is to the right, with straight arrows in between."""
    contents, edges = described(make(), Shown(shapes=True))
    figure = draw_described(contents, edges, across=True)
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)][::2]
    sizes = [(box.get_width(), box.get_height()) for box in boxes]
    assert sizes == [content.size() for content in contents]
    for source, target in edges:
        assert boxes[source].get_x() + boxes[source].get_width() < boxes[target].get_x()
    frames = [box.get_window_extent() for box in boxes]
    for number, one in enumerate(frames):
        assert not any(one.overlaps(other) for other in frames[:number])
    renderer = figure.canvas.get_renderer()
    for text in figure.axes[0].texts:
        extent = text.get_window_extent(renderer)
        assert any(
            frame.x0 <= extent.x0 and extent.x1 <= frame.x1 and frame.y0 <= extent.y0
            for frame in frames
        )


def test_plot_model_takes_all_of_it(tmp_path):
    model = reduced_inception()
    shown = dict.fromkeys(
        ("show_dtype", "show_layer_activations", "show_trainable", "expand_nested"), True
    )
    down = plot_model(model, tmp_path / "down.png", True, **shown, dpi=20)
    across = plot_model(model, to_file=tmp_path / "across.png", rankdir="LR", dpi=20)
    (height, width), (high, wide) = (cv2.imread(str(p)).shape[:2] for p in (down, across))
    assert height > width and wide > high


def test_without_names_and_shapes_only_the_classes_are_left():
    model = long_chain()
    found = texts(drawn(model, show_shapes=False, show_layer_names=False))
    assert found == [type(layer).__name__ for layer in model.layers]


def test_text_stays_inside_its_box():
    figure = drawn(reduced_inception(), show_shapes=True)
    renderer = figure.canvas.get_renderer()
    frames = [patch.get_window_extent(renderer) for patch in figure.axes[0].patches]
    for text in figure.axes[0].texts:
        extent = text.get_window_extent(renderer)
        assert any(
            frame.x0 < extent.x0
            and extent.x1 < frame.x1
            and frame.y0 < extent.y0
            and extent.y1 < frame.y1
            for frame in frames
        ), text.get_text()


def test_a_dollar_in_a_name_is_a_dollar(tmp_path):
    inputs = L.Input((2,))
    model = Model(inputs, L.Dense(1, name=r"cost $\frac{1$")(inputs))
    assert plot_model(model, tmp_path / "dollar.png").exists()


# The file


@pytest.mark.parametrize(
    ("name", "start"), [("m.png", b"\x89PNG"), ("m.SVG", b"<?xml"), ("m.pdf", b"%PDF")]
)
def test_the_extension_decides_the_format(tmp_path, name, start):
    path = utils.plot_model(long_chain(), to_file=str(tmp_path / name), show_shapes=True, dpi=50)
    assert path == tmp_path / name
    assert path.read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_dpi_scales_the_pixels(tmp_path):
    sizes = []
    for dpi in (50, 100):
        data = plot_model(long_chain(), tmp_path / "m.png", dpi=dpi).read_bytes()
        sizes.append(np.array(struct.unpack(">II", data[16:24])))  # width, height in the header
    np.testing.assert_allclose(sizes[1], 2 * sizes[0], atol=2)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    def fail(self, name, **_):
        name.write_bytes(b"half a file")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", fail)
    (tmp_path / "m.png").write_bytes(b"old")
    with pytest.raises(OSError, match="disk full"):
        plot_model(long_chain(), tmp_path / "m.png")
    assert [file.name for file in tmp_path.iterdir()] == ["m.png"]
    assert (tmp_path / "m.png").read_bytes() == b"old"


def test_pyplot_is_left_alone(tmp_path):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plot_model(long_chain(), tmp_path / "m.png", dpi=50)
    assert plt.get_fignums() == before


def test_matplotlib_is_not_imported_before_something_is_drawn():
    import subprocess

    code = "import sys, minicnn.utils, minicnn.drawing; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["m.gif", "m", "m.jpg"])
def test_unknown_extensions_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"\.png, \.svg or \.pdf"):
        plot_model(long_chain(), tmp_path / name)


@pytest.mark.parametrize(
    "argument", [{"rankdir": "RL"}, {"splines": "curved"}, {"dpi": "72"}, {"dpi": 0}, {"dpi": 1e9}]
)
def test_what_is_not_supported_says_so(tmp_path, argument):
    with pytest.raises(ValueError, match=next(iter(argument))):
        plot_model(long_chain(), tmp_path / "m.png", **argument)
    assert not list(tmp_path.iterdir())


def test_unknown_arguments_are_refused(tmp_path):
    with pytest.raises(TypeError, match="colors"):
        utils.plot_model(long_chain(), tmp_path / "m.png", colors=3)


def test_a_model_without_input_cannot_be_drawn(tmp_path):
    with pytest.raises(TypeError, match="plot_model: expected a Model, got NoneType"):
        plot_model(None, tmp_path / "m.png")
    with pytest.raises(RuntimeError, match="not built"):
        plot_model(Sequential([L.Dense(1)]), tmp_path / "m.png")


@pytest.mark.parametrize("name", ["m.png", "m.PNG", "m.svg", "m.pdf"])
def test_the_path_shows_the_picture_in_a_notebook(tmp_path, name):
    path = plot_model(long_chain(), tmp_path / name, dpi=50)
    assert path == tmp_path / name
    png, svg = path._repr_png_(), path._repr_svg_()
    assert (png is None) == (path.suffix.lower() != ".png")
    assert (svg is None) == (path.suffix != ".svg")
    if png is not None:
        data, metadata = png
        assert data == path.read_bytes()
        assert metadata["width"] == struct.unpack(">I", data[16:20])[0] // 2
    path.unlink()
    assert path._repr_png_() is path._repr_svg_() is None
