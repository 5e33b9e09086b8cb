"""Explorer pages for tests, and a hand that points, clicks and types on them."""

import json

import numpy as np

from minicnn import layers, models


def image(size, channels=1, seed=0):
    """A smooth image with some noise, mean 0: not flat anywhere."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:size, :size] / size
    smooth = np.sin(9 * cols) + np.cos(7 * rows + 3 * cols)
    noise = 0.3 * rng.normal(size=(size, size, channels))
    return (smooth[..., None] / 2 + noise).astype(np.float32)


def three_branches(shape=(21, 18, 2), seed=0):
    """Three branches of one image, each with another kind of pooling, two of them of one layer."""
    x = layers.Input(shape)
    stem = layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(x)
    shared = layers.Conv2D(3, (2, 3), strides=2, padding="same", activation="relu", name="shared")
    left = layers.MaxPooling2D(3, strides=2, padding="same", name="left")(stem)
    middle = layers.AveragePooling2D((2, 3), strides=2, padding="same", name="middle")(stem)
    right = shared(stem)
    joined = layers.Concatenate(name="joined")([left, middle, right])
    bent = layers.Activation("sigmoid", name="bent")(joined)
    means = layers.GlobalAveragePooling2D(name="means")(bent)
    squeezed = layers.Sigmoid(name="squeezed")(layers.ReLU(name="plain")(stem))
    most = layers.GlobalMaxPooling2D(name="most")(shared(squeezed))
    flat = layers.Dropout(0.5)(layers.concatenate([means, most]))
    return models.Model(x, layers.Dense(1, activation="sigmoid")(flat), name="three", seed=seed)


def random_stack(seed, shape=(40, 40, 3), outputs=2):
    """Ten layers in a row, drawn at random, then two dense ones."""
    rng = np.random.default_rng(seed)
    stack = [layers.Input(shape)]
    for _ in range(10):
        padding = str(rng.choice(["same", "valid"]))
        size, stride = int(rng.integers(1, 4)), int(rng.integers(1, 3)) if rng.random() < 0.2 else 1
        kind = rng.integers(6)
        if kind < 3:
            activation = str(rng.choice(["relu", "relu", "sigmoid", "linear"]))
            settings = {"strides": stride, "padding": padding, "activation": activation}
            one = layers.Conv2D(
                int(rng.integers(2, 7)), size, use_bias=rng.random() < 0.7, **settings
            )
        elif kind == 3:
            one = layers.MaxPooling2D(max(size, 2), strides=stride, padding=padding)
        elif kind == 4:
            one = layers.AveragePooling2D(max(size, 2), strides=stride, padding=padding)
        else:
            one = layers.Dropout(0.3) if rng.random() < 0.5 else layers.ReLU()
        stack.append(one)
    stack += [
        layers.Flatten(),
        layers.Dense(5, activation="relu"),
        layers.Dense(outputs),
        layers.Sigmoid(),
    ]
    return models.Sequential(stack, name=f"stack_{seed}", seed=seed)


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


def odd_vectors():
    """Vectors that do not fill a square, and a concatenation of channels."""
    x = layers.Input((5, 4, 3))
    one = layers.Conv2D(5, 2, padding="same", activation="relu", name="a/b")(x)
    joined = layers.Concatenate(name="joined")([one, x, one])
    hidden = layers.Dense(17, activation="relu", name='"quoted" é')(layers.Flatten()(joined))
    return models.Model(x, layers.Dense(2, activation="sigmoid")(hidden), name="odd", seed=2)


def one_tensor_twice():
    """A model that gives out one tensor as two outputs, with a label each."""
    x = layers.Input((4,))
    both = layers.Dense(1, activation="sigmoid")(x)
    return models.Model(x, [both, both], name="twice", seed=1)


# By name: what builds a model, a sample and its label.
ARCHITECTURES = {
    "three branches": (three_branches, image(21)[:, :18].repeat(2, axis=2), 1),
    **{
        f"stack {seed}": (lambda seed=seed: random_stack(seed), image(40, 3), np.array([1, 0]))
        for seed in range(4)
    },
    "one tensor twice": (one_tensor_twice, np.array([1, -2, 0.5, 1], np.float32), [1, 0]),
    "odd vectors": (odd_vectors, image(5, 3)[:, :4], np.array([0.5, 1])),
    "two in, two out": (
        two_in_two_out,
        [image(9)[:, :7], np.array([0.5, -1, 2, 0.1], np.float32)],
        [np.array([1, 0]), np.array([1])],
    ),
}


def architecture(name):
    """(model, sample, label) of one of `ARCHITECTURES`, the model compiled."""
    build, x, y = ARCHITECTURES[name]
    return compiled(build()), x, y


def compiled(model):
    if model.optimizer is None:
        model.compile("sgd")
    return model


POINT = """
const [map, row, col, pressed] = arguments_;
const canvas = document.querySelector(`#${map} canvas`);
canvas.scrollIntoView({block: "center"});
const box = canvas.getBoundingClientRect();
const at = { bubbles: true, buttons: pressed ? 1 : 0, pointerType: "touch",
  clientX: box.left + (col + .5) * box.width / canvas.width, clientY: box.top + (row + .5) * box.height / canvas.height };
canvas.dispatchEvent(new PointerEvent(pressed ? "pointerdown" : "pointermove", at));
"""
SET = """
const [id, value] = arguments_;
const input = document.getElementById(id);
input.value = value;
for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
"""
CLICK = """
const element = document.querySelector(arguments_[0]);
if (!element.closest("#bar")) element.scrollIntoView({block: "center", inline: "center"});
const box = element.getBoundingClientRect();
const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
if (!there || !(element.contains(there) || there.contains(element))) return false;
element.click();
return true;
"""


class Hand:
    """What a visitor of a page does, in an open `Browser`; every step fails on an error of the page."""

    def __init__(self, browser, path, width=1280):
        self.browser = browser
        browser.width(width)
        browser.log("browser")
        browser.open(path)
        self.fine()

    def fine(self):
        errors = [entry["message"] for entry in self.browser.log("browser")]
        assert errors == []

    def run(self, script, *arguments):
        found = self.browser.run(f"const arguments_ = {json.dumps(arguments)}; {script}")
        self.fine()
        return found

    def point(self, name, row, col, pressed=False):
        self.run(POINT, name, row, col, pressed)

    def set(self, name, value):
        self.run(SET, name, str(value))

    def click(self, selector):
        """As a finger does: what lies at the element's middle, once it is in sight, is clicked."""
        assert self.run(CLICK, selector), f"{selector} cannot be reached"

    def key(self, selector, key):
        script = (
            "document.querySelector(arguments_[0]).dispatchEvent("
            "new KeyboardEvent('keydown', {key: arguments_[1], bubbles: true}))"
        )
        self.run(script, selector, key)

    def text(self, selector):
        return self.run("return document.querySelector(arguments_[0]).innerText", selector)

    def numbers(self, selector):
        """The numbers in a table's cells, row by row."""
        script = (
            "return [...document.querySelectorAll(arguments_[0] + ' tr')]"
            ".map(row => [...row.cells].map(cell => cell.innerText))"
        )
        return self.run(script, selector)

    def wait(self, condition):
        """Until a piece of JavaScript is true."""
        for _ in range(400):
            if self.run(f"return Boolean({condition})"):
                return
            self.browser.run("return new Promise(done => setTimeout(done, 25))")
        raise AssertionError(f"never true: {condition}")
