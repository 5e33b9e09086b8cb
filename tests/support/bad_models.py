"""A corpus of bad model files, made from one good one: `python tests/support/bad_models.py FOLDER`.

Each entry of `CORPUS` turns the good file into a bad one, and says what the error has to tell.
None is in the repository. The pickles among them would make a folder `exploded` if they were
ever unpickled, the odd header if it were ever evaluated.
"""

import functools
import io
import json
import os
import pickle
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minicnn import layers, models, optimizers

SIZE = 6
NOT_A_MODEL = "expected a model file of minicnn \\(.npz\\), found "
OF_ANOTHER_KIND = NOT_A_MODEL + "a file of another kind, or one that was cut off or added to"
DAMAGED = "the model's description is damaged \\("
PREPROCESSING = {
    "enhance": False,
    "image_size": SIZE,
    "interpolation": "nearest",
    "rescale": 1 / 255,
}


class Exploding:
    """Would leave a mark if it were unpickled."""

    def __reduce__(self):
        return os.mkdir, ("exploded",)


def good_model() -> bytes:
    """A small trained model, with all that `covid` wants to know of one."""
    model = models.Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", input_shape=(SIZE, SIZE, 1), name="conv2d"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Dropout(0.25, name="dropout"),
            layers.Flatten(name="flatten"),
            layers.Dense(1, activation="sigmoid", name="dense"),
        ],
        name="good",
        seed=3,
    )
    model.compile(optimizers.Adam(1e-3), "binary_crossentropy", ["acc"])
    model.train_on_batch(np.ones((2, SIZE, SIZE, 1), np.float32), np.array([[0.0], [1.0]]))
    model.metadata = {"positive": "Sick", "negative": "Well", "preprocessing": PREPROCESSING}
    return content_of(model)


def content_of(model: models.Sequential) -> bytes:
    """What `model.save` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "good.npz"
        model.save(path)
        return path.read_bytes()


# Taking a file apart and putting it together


def unpack(content: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of the members of a zip file."""
    return list(unpacked(content))


@functools.lru_cache(maxsize=4)  # thousands of mutants begin with the same file
def unpacked(content: bytes) -> tuple[tuple[str, bytes], ...]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return tuple((name, archive.read(name)) for name in archive.namelist())


def pack(members: list[tuple[str, bytes]], **options) -> bytes:
    """A zip file; the names may be such that zipfile would warn or change them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, data in members:
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = name, archive.compression
            archive.NameToInfo.clear()  # else a second member of the same name gives a warning
            archive.writestr(info, data)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def headed(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npy file with any header."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def described(content: bytes) -> dict:
    return json.loads(str(np.load(io.BytesIO(dict(unpack(content))["__meta__.npy"]))))


def with_text(text: str) -> Callable[[bytes], bytes]:
    """The file with another text as its description."""
    return put("__meta__", npy(np.array(text)))


def put(name: str, data: bytes) -> Callable[[bytes], bytes]:
    """The file with another content of a member, or one more member."""
    return lambda content: pack(list({**dict(unpack(content)), f"{name}.npy": data}.items()))


def drop(name: str) -> Callable[[bytes], bytes]:
    return lambda content: pack([(n, d) for n, d in unpack(content) if n != f"{name}.npy"])


def meta(change: Callable[[dict], object]) -> Callable[[bytes], bytes]:
    """The file with a changed description: `change` is given the dictionary."""

    def changed(content: bytes) -> bytes:
        description = described(content)
        change(description)
        return with_text(json.dumps(description))(content)

    return changed


def config(layer: int, **changes) -> Callable[[bytes], bytes]:
    """The file with other arguments of a layer: 1 conv2d, 2 pool, 3 dropout, 4 flatten, 5 dense."""
    return meta(lambda description: description["layers"][layer]["config"].update(changes))


def named(name: str) -> Callable[[bytes], bytes]:
    """The file with one more member of that name, as it is."""
    return lambda content: pack([*unpack(content), (name, npy(np.zeros(1)))])


def directory(offset: int, field: str, value: int) -> Callable[[bytes], bytes]:
    """The file with another number in the first entry of the zip directory."""

    def changed(content: bytes) -> bytes:
        out = bytearray(content)
        struct.pack_into(field, out, content.index(b"PK\x01\x02") + offset, value)
        return bytes(out)

    return changed


# The zip archives that take more than a line


def bomb(content: bytes) -> bytes:
    """64 MB of zeros in 64 kB."""
    zeros = headed(header(f"({2**24},)"), bytes(2**26))
    return pack([*unpack(content), ("weights/x/y.npy", zeros)], compression=zipfile.ZIP_DEFLATED)


def directory_of(content: bytes) -> tuple[bytes, bytes, list]:
    """What is in front of the directory, the directory, and the end record's numbers."""
    end = list(struct.unpack("<4s4H2LH", content[-22:]))
    return content[: end[6]], content[end[6] : -22], end


def many(entry: Callable[[int], bytes], count: int) -> Callable[[bytes], bytes]:
    """The file with `count` more entries in its directory, all for what is in it once."""

    def changed(content: bytes) -> bytes:
        front, entries, end = directory_of(content)
        entries += b"".join(map(entry, range(count)))
        end[3] = end[4] = min(end[3] + count, 65535)
        end[5] = len(entries)
        return front + entries + struct.pack("<4s4H2LH", *end)

    return changed


def entry(number: int, size: int = 1000) -> bytes:
    """A directory entry for whatever is at the beginning of the file."""
    name = f"weights/{number}/kernel.npy".encode()
    sizes = (0, size, size, len(name), 0, 0, 0, 0, 0, 0)
    return struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, *sizes) + name


def zip64(content: bytes) -> bytes:
    """A directory of 2**60 bytes, as the records of very large archives can say it."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 2**60, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(content) - 22, 1)
    return content[:-22] + record + locator + content[-22:]


def misnamed(content: bytes) -> bytes:
    """Other names in the directory than in front of the members."""
    front, entries, end = directory_of(content)
    return front + entries.replace(b"conv2d", b"canv2d") + content[-22:]


def damaged_number(content: bytes) -> bytes:
    """One bit of a weight flipped, and the checksum as it was."""
    place = content.index(dict(unpack(content))["weights/conv2d/kernel.npy"]) + 150
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def header(shape: str, dtype: str = "<f4") -> str:
    return f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"


def weight(text: str, data: bytes = b"", **more) -> Callable[[bytes], bytes]:
    """The file with another header and content for dense/bias."""
    return put("weights/dense/bias", headed(text, data, **more))


def nodes(index: int, **changes) -> Callable[[bytes], bytes]:
    return meta(lambda description: description["nodes"][index].update(changes))


def compiled(**changes) -> Callable[[bytes], bytes]:
    return meta(lambda description: description["compiled"].update(changes))


def learning(**changes) -> Callable[[bytes], bytes]:
    return meta(lambda description: description["compiled"]["config"].update(changes))


def top(**changes) -> Callable[[bytes], bytes]:
    return meta(lambda description: description.update(changes))


def three_thousand(description: dict) -> None:
    description["layers"] += [description["layers"][4]] * 3000


def two_widths_of_dense(description: dict) -> None:
    """The last layer used once more, behind another input of 10**9 numbers."""
    wide = {"class": "InputLayer", "config": {"name": "wide", "input_shape": [10**9]}, "mask": None}
    description["layers"].append(wide)
    description["nodes"] += [
        {"layer": 6, "inputs": [], "takes_list": False},
        {"layer": 5, "inputs": [6], "takes_list": False},
    ]
    description.update(kind="functional", inputs=[0, 6], outputs=[7, 5])


def list_for_relu(description: dict) -> None:
    description.update(kind="functional")
    description["nodes"][2]["takes_list"] = True


PICKLE = pickle.dumps(Exploding())
OBJECTS = npy(np.array([Exploding()], dtype=object))
CALL = "__import__('os').mkdir('exploded')"

CORPUS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    # Files of other kinds
    "empty": (lambda good: b"", OF_ANOTHER_KIND + "; name a file that minicnn saved"),
    "text": (lambda good: b"no model\n", OF_ANOTHER_KIND),
    "npy": (lambda good: npy(np.zeros(3)), OF_ANOTHER_KIND),
    "pickle": (lambda good: PICKLE, OF_ANOTHER_KIND),
    "h5": (lambda good: b"\x89HDF\r\n\x1a\n" + bytes(99), OF_ANOTHER_KIND),
    "keras": (
        lambda good: pack([("config.json", b"{}"), ("model.weights.h5", b"")]),
        NOT_A_MODEL + "config.json, which cannot be read",
    ),
    "torch": (lambda good: pack([("model/data.pkl", PICKLE)]), "data.pkl, which cannot be read as numbers or text"),
    # Archives
    "half": (lambda good: good[: len(good) // 2], OF_ANOTHER_KIND),
    "one-byte-less": (lambda good: good[:-1], OF_ANOTHER_KIND),
    "start-only": (lambda good: good[:4], OF_ANOTHER_KIND),
    "something-behind": (lambda good: good + b"more", OF_ANOTHER_KIND),
    "without-anything": (lambda good: pack([]), "found weights alone"),
    "middle-missing": (lambda good: good[:200] + good[300:], "cannot be read"),
    "flipped-bit": (damaged_number, "cannot be read as numbers or text .Bad CRC-32 for file 'weights/conv2d"),
    "compressed": (
        lambda good: pack(unpack(good), compression=zipfile.ZIP_DEFLATED),
        "kernel, which is compressed .write it anew with np.savez",
    ),
    "bomb": (bomb, "which is compressed"),
    "overlapping": (many(entry, 500), "arrays of [0-9]+ bytes in a file of [0-9]+"),
    "one-of-4-GB": (many(lambda n: entry(n, 2**32 - 2), 1), "arrays of 4[0-9]{9} bytes in a"),
    "many-entries": (many(entry, 60_000), "arrays of [0-9]+ bytes in a file of [0-9]+"),
    "endless-directory": (many(entry, 65_000), "arrays of [0-9]+ bytes in a file of [0-9]+"),
    "zip64-directory": (zip64, "one that cannot be read"),
    "size-unknown": (directory(24, "<L", 0xFFFFFFFF), "arrays of 4[0-9]{9} bytes in a file"),
    "encrypted": (directory(8, "<H", 1), "weights/conv2d/kernel, which cannot be .* encrypted"),
    "newer-zip": (directory(6, "<H", 99), "cannot be read .zip file version"),
    "offset-outside": (directory(42, "<L", 2**31), "cannot be read"),
    "other-names-inside": (misnamed, "cannot be read .*File name in directory"),
    "twice": (named("weights/dense/bias.npy"), "weights/dense/bias more than once"),
    "climbing-name": (named("../../exploded.npy"), "a file with ../../exploded;"),
    "climbing-weight": (named("weights/../exploded.npy"), "a file with weights/../exploded;"),
    "absolute-name": (named("/exploded.npy"), "a file with /exploded;"),
    "drive": (named("C:/exploded.npy"), "a file with C:/exploded;"),
    "backslashes": (named("weights\\..\\exploded.npy"), "a file with weights.*exploded;"),
    "terminal-codes": (named("weights/\x1b[2J\n.npy"), "a file with weights/.?.2J;"),
    "no-array": (named("exploded.sh"), "a file with exploded.sh;"),
    # Arrays
    "objects": (put("weights/dense/bias", OBJECTS), "dense/bias, .* Python objects are never read"),
    "objects-as-description": (put("__meta__", OBJECTS), "__meta__, .* Python objects are never read"),
    "code-as-header": (weight(CALL), "dense/bias, which cannot be read"),
    "code-as-shape": (weight(header(f"({CALL},)")), "dense/bias, which cannot be read"),
    "brackets": (weight("(" * 900), "dense/bias, which cannot be read"),
    "long-header": (weight(header("()") + " " * 60_000), "Header info length .60056. is large"),
    "structured": (weight(header("(1,)", "[('a', '<f4')]"), bytes(4)), "Cannot parse header"),
    "complex": (put("weights/dense/bias", npy(np.zeros(1, complex))), "dense/bias, which .*complex128"),
    "npy-version-2": (weight(header("(1,)"), bytes(4), version=b"\2\0"), "an .npy version"),
    "absurd-shape": (
        weight(header("(1000000000, 1000000000)")),
        "88 bytes for an array of 4000000000000000088",
    ),
    "overflowing-shape": (weight(header("(4294967296, 4294967296)")), "88 bytes for an array of [0-9]{20}"),
    "empty-absurd-shape": (weight(header(f"(0, {2**62})")), "bias, which cannot be read"),
    "hundred-axes": (weight(header("(" + "1, " * 100 + ")"), bytes(4)), "bias, which cannot be read"),
    "negative-shape": (weight(header("(-1,)")), "69 bytes for an array of 65"),
    "too-short": (weight(header("(1,)"), b"ab"), "70 bytes for an array of 72"),
    "too-long": (weight(header("(1,)"), bytes(8)), "76 bytes for an array of 72"),
    "no-header": (put("weights/dense/bias", b"\x93NUM"), "bias, which cannot be read"),
    "misshapen": (
        put("weights/dense/bias", npy(np.zeros(2, "<f4"))),
        "weights/dense/bias to be floats of shape .1,., found float32 of shape .2,.",
    ),
    "whole-numbers": (put("weights/dense/bias", npy(np.zeros(1, int))), "to be floats .* int64"),
    "letters": (put("weights/dense/bias", npy(np.array(["a"]))), "to be floats .* found <U1"),
    "missing": (drop("weights/dense/bias"), "a file without weights/dense/bias; name"),
    "missing-slot": (drop("optimizer/mean/dense/bias"), "without optimizer/mean/dense/bias"),
    "extra": (named("weights/more/kernel.npy"), "a file with weights/more/kernel"),
    "extra-slot": (named("optimizer/more.npy"), "a file with optimizer/more"),
    "extra-of-nothing": (named("more.npy"), "a file with more"),
    # Descriptions
    "no-description": (drop("__meta__"), "found weights alone; use load_weights"),
    "numbers-as-description": (put("__meta__", npy(np.zeros(3))), "a description that is float64"),
    "no-json": (with_text("{'a': 1}"), "a description that is no JSON"),
    "json-list": (with_text("[1]"), "a description that is list instead of dict"),
    "no-characters": (
        put("__meta__", headed(header("()", "<U2"), b"\xff" * 8)),
        "a description that is no JSON .*utf-32",
    ),
    "deep-json": (with_text("[" * 100_000), "a description that is no JSON .*recursion"),
    "long-number": (with_text('{"seed": ' + "9" * 5000 + "}"), "a description that is no JSON"),
    "newer": (top(format_version=2), "expected format version 1, found 2; update minicnn"),
    "text-version": (top(format_version="1"), "expected format version 1, found '1'"),
    "no-version": (meta(lambda m: m.pop("format_version")), "format version 1, found None"),
    "no-layers": (meta(lambda m: m.pop("layers")), DAMAGED + "the model: layers is missing"),
    "layers-a-dict": (top(layers={}), DAMAGED + "the model: expected layers to be list, found"),
    "3000-layers": (meta(three_thousand), DAMAGED + "3006 layers and 6 nodes"),
    "unknown-kind": (top(kind="recurrent"), DAMAGED + "a model of kind 'recurrent'"),
    "unknown-dtype": (top(dtype="object"), DAMAGED + "a model of kind .* dtype 'object'"),
    "seed-a-text": (top(seed="1"), DAMAGED + "the model: expected seed to be int, found str"),
    "seed-below-0": (top(seed=-1), DAMAGED + "expected seed in"),
    "seed-true": (top(seed=True), DAMAGED + "the model: expected seed to be int, found bool"),
    "epochs-nan": (top(epochs_done=float("nan")), DAMAGED + ".*epochs_done to be int, found float"),
    "metadata-a-list": (top(metadata=[]), DAMAGED + "the model: expected metadata to be dict"),
    "wide-dense": (config(5, units=10**9), r"dense/kernel to be floats of shape \(8, 1000000000\)"),
    "wide-conv": (config(1, filters=10**9), r"conv2d/kernel .* shape \(3, 3, 1, 1000000000\)"),
    "wide-input": (config(0, batch_shape=[None, *[10**9] * 3]), "dense/kernel|conv2d/kernel"),
    "large-kernel": (config(1, kernel_size=[10**6, 10**6]), DAMAGED + "conv2d: expected an input"),
    "large-same": (
        config(1, kernel_size=10**6, padding="same"),
        r"conv2d/kernel to be floats of shape \(1000000, 1000000, 1, 2\)",
    ),
    "endless-number": (config(5, units=float("inf")), DAMAGED + "dense: expected units"),
    "units-nan": (config(5, units=float("nan")), DAMAGED + "dense: expected units"),
    "rate-nan": (config(3, rate=float("nan")), DAMAGED + "dropout: expected rate"),
    "strides-below-0": (config(1, strides=[-1, 0]), DAMAGED + "conv2d: expected strides"),
    "unknown-argument": (config(1, dilution=2), DAMAGED + ".*unexpected keyword argument"),
    "unknown-class": (meta(lambda m: m["layers"][1].update({"class": "os"})), "unknown class 'os'"),
    "base-class": (meta(lambda m: m["layers"][1].update({"class": "Layer"})), "class 'Layer'"),
    "function": (meta(lambda m: m["layers"][0].update({"class": "Input"})), "class 'Input'"),
    "nameless": (config(1, name=None), DAMAGED + "layer 1: expected name to be str, found None"),
    "one-name-twice": (config(1, name="dense"), "dense/kernel: of shape .* and of shape"),
    "odd-name": (config(1, name="\x1b[2J" * 1000), "a file without weights/.?.2J.*2J[.]{3}; name"),
    "mask-a-text": (meta(lambda m: m["layers"][3].update(mask="ab")), DAMAGED + "layer 3"),
    "mask-missing": (meta(lambda m: m["layers"][3].update(mask=None)), DAMAGED + "dropout: expected a mask"),
    "circle": (nodes(2, inputs=[3]), DAMAGED + "node 2: expected inputs in .0, 2., found 3"),
    "own-input": (nodes(2, inputs=[2]), DAMAGED + "node 2: expected inputs in .0, 2., found 2"),
    "negative-index": (nodes(2, inputs=[-1]), DAMAGED + "node 2: expected inputs .* found -1"),
    "layer-outside": (nodes(2, layer=99), DAMAGED + "node 2: layer 99 of 6 layers"),
    "another-chain": (nodes(3, inputs=[1]), DAMAGED + "the nodes are not those"),
    "list-for-relu": (meta(list_for_relu), DAMAGED + "pool: a list of inputs"),
    "two-widths": (meta(two_widths_of_dense), r"dense/kernel: of shape \(8, 1\) and of shape \(1000"),
    "two-starts": (meta(lambda m: m["nodes"][2].update(inputs=[]) or m.update(kind="functional")), "0 i"),
    "output-outside": (top(outputs=[6]), DAMAGED + "the model: expected outputs in"),
    "compiled-a-list": (top(compiled=[]), DAMAGED + "the model: expected compiled to be dict"),
    "unknown-optimizer": (compiled(optimizer="Adagrad"), DAMAGED + ".*optimizer to be one of"),
    "steps-below-0": (compiled(iterations=-1), DAMAGED + "expected iterations in"),
    "rate-of-learning-nan": (learning(learning_rate=float("nan")), DAMAGED + "Adam: .*learning_rate"),
    "rate-of-learning-text": (learning(learning_rate="1"), DAMAGED),
    "unknown-loss": (compiled(losses=["hinge"]), DAMAGED + ".*expected loss to be one of"),
    "loss-weights-text": (compiled(loss_weights=["1"]), DAMAGED + "compiled: loss_weights"),
    "metrics-a-dict": (compiled(metrics={}), DAMAGED + "compiled: expected metrics to be list"),
}  # fmt: skip


# Models that can be loaded, but that `covid` must not use


def metadata(**changes) -> Callable[[bytes], bytes]:
    return meta(lambda description: description["metadata"].update(changes))


def preparing(**changes) -> Callable[[bytes], bytes]:
    return metadata(preprocessing={**PREPROCESSING, **changes})


def without(key: str) -> Callable[[bytes], bytes]:
    return metadata(preprocessing={k: v for k, v in PREPROCESSING.items() if k != key})


def saved(*chain, **more) -> Callable[[bytes], bytes]:
    """Another model in the same place, with the same metadata."""

    def made(good: bytes) -> bytes:
        model = models.Sequential(chain, seed=0)
        model.compile("adam", "binary_crossentropy")
        model.metadata = {**described(good)["metadata"], **more}
        return content_of(model)

    return made


UNUSABLE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "positive-missing": (meta(lambda m: m["metadata"].pop("positive")), "positive missing"),
    "positive-3": (metadata(positive=3), "unusable positive: expected the name of a class folder"),
    "positive-climbs": (metadata(positive="../Sick"), "unusable positive: .*found ../Sick"),
    "negative-empty": (metadata(negative=""), "unusable negative"),
    "negative-endless": (metadata(negative="a" * 10**6), "unusable negative"),
    "negative-codes": (metadata(negative="\x1b[2J"), "unusable negative"),
    "one-class": (metadata(negative="Sick"), "unusable classes: expected two"),
    "preprocessing-3": (metadata(preprocessing=3), "unusable preprocessing: expected a dict"),
    "size-missing": (without("image_size"), "image_size missing"),
    "levels-text": (preparing(gray_levels={"by": "eye"}), "unusable gray_levels: .*by, black and"),
    "crop-body": (preparing(crop="body"), "unusable crop: .*lungs or contours, found body"),
    "size-huge": (preparing(image_size=10**9), "unusable image_size: expected pixels in"),
    "size-0": (preparing(image_size=0), "unusable image_size"),
    "size-text": (preparing(image_size="6"), "unusable image_size: .* found 6|'6'"),
    "size-true": (preparing(image_size=True), "unusable image_size"),
    "size-nan": (preparing(image_size=float("nan")), "unusable image_size"),
    "size-of-others": (preparing(image_size=7), r"unusable input: expected images \(7, 7, 1\)"),
    "interpolation": (preparing(interpolation="magic"), "unusable interpolation: .*found magic"),
    "interpolation-list": (preparing(interpolation=["nearest"]), "unusable interpolation"),
    "enhance-text": (preparing(enhance="no"), "unusable enhance: expected true or false"),
    "samplewise-1": (preparing(samplewise=1), "unusable samplewise"),
    "rescale-missing": (without("rescale"), "rescale missing"),
    "rescale-nan": (preparing(rescale=float("nan")), "unusable rescale: expected a number"),
    "rescale-huge": (preparing(rescale=10**400), "unusable rescale: expected a number in"),
    "rescale-text": (preparing(rescale="1/255"), "unusable rescale"),
    "threshold-bare": (metadata(threshold=0.5), "unusable threshold: expected a dict, found 0.5"),
    "threshold-3": (metadata(threshold={"value": 3}), r"unusable threshold: .*\[0, 1\], found 3"),
    "threshold-nan": (metadata(threshold={"value": float("nan")}), "unusable threshold"),
    "threshold-none": (metadata(threshold={}), r"unusable threshold: .*\[0, 1\], found None"),
    "threshold-origin": (
        metadata(threshold={"value": 0.4, "chosen_on": "\x1b[2J"}),
        "unusable threshold: expected a text as its chosen_on",
    ),
    "threshold-method": (
        metadata(threshold={"value": 0.4, "chosen_on": "validate", "method": 7}),
        "unusable threshold: expected a text as its method, found 7",
    ),
    "not-compiled": (meta(lambda m: m.pop("compiled")), "expected the arrays of this model"),
    "climbing-model-name": (top(name="../../../exploded"), "unusable name: expected one that a"),
    "nan-weight": (
        put("weights/dense/bias", npy(np.full(1, np.nan, "<f4"))),
        "unusable dense/bias: expected finite numbers, found nan or inf",
    ),
    "infinite-weight": (put("weights/dense/bias", npy(np.full(1, 1e300))), "unusable dense/bias"),
    "two-units": (
        saved(layers.Flatten(input_shape=(SIZE, SIZE, 1)), layers.Dense(2, activation="sigmoid")),
        "unusable output: expected one unit",
    ),
    "no-probability": (
        saved(layers.Flatten(input_shape=(SIZE, SIZE, 1)), layers.Dense(1)),
        "unusable output: expected a sigmoid",
    ),
    "color": (
        saved(layers.Flatten(input_shape=(SIZE, SIZE, 3)), layers.Dense(1, activation="sigmoid")),
        r"unusable input: expected images \(6, 6, 1\)",
    ),
    "huge-window": (
        saved(
            layers.MaxPooling2D(10**6, padding="same", input_shape=(SIZE, SIZE, 1)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ),
        "unusable max_pooling2d: expected a window of at most 6 pixels",
    ),
    "huge-output": (
        saved(
            layers.Conv2D(10**5, 1, input_shape=(2000, 2000, 1), name="huge"),
            layers.MaxPooling2D(2000),
            layers.Conv2D(1, 1),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
            preprocessing={**PREPROCESSING, "image_size": 2000},
        ),
        "unusable huge: expected a smaller output",
    ),
    "huge-average": (
        saved(
            layers.AveragePooling2D(500, 1, padding="same", input_shape=(2000, 2000, 1)),
            layers.MaxPooling2D(2000),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
            preprocessing={**PREPROCESSING, "image_size": 2000},
        ),
        "unusable average_pooling2d: expected less work for one image, found 1.0e.12 sums",
    ),
    "huge-convolution": (
        saved(
            layers.Conv2D(1, 1500, padding="same", input_shape=(2000, 2000, 1), name="huge"),
            layers.MaxPooling2D(2000),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
            preprocessing={**PREPROCESSING, "image_size": 2000},
        ),
        "unusable huge: expected less work for one image, found 9.0e.12 sums",
    ),
}


def write_corpus(folder: Path) -> dict[str, Path]:
    """Write all bad files and a good one into a folder; their paths."""
    good = good_model()
    bad = {**CORPUS, **UNUSABLE}
    contents = {"good": good, **{name: make(good) for name, (make, _) in bad.items()}}
    paths = {name: folder / f"{name}.npz" for name in contents}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    return paths


if __name__ == "__main__":
    print(f"{len(write_corpus(Path(sys.argv[1])))} files written to {sys.argv[1]}")
