"""Records the bits of everything the program computes, to compare before and after a change.

    python tests/support/bit_record.py before.json             # at the commit before
    python tests/support/bit_record.py --compare before.json   # after each step

Recorded as SHA-256: weights, predictions and histories of short trainings of all models, fused and
layer by layer, compiled and naive; and of two short `covid run`s, one for each recipe, with slices
split at random and patients kept apart: prepared images, split manifests, audit results, weights,
histories and predictions. Of csv and json files only the values count, not the words around them. Bits depend on the processor and on the versions of NumPy and numba:
compare records of one machine only.
"""

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import minicnn
from covid.training.architectures import MODELS, build_model
from minicnn.graph import Graph
from minicnn.optimizers import Adam

BATCH, STEPS = 6, 3
SMALL = {  # for naive loops
    **{"compact_cnn": 54, "cnn": 20, "cnn_dropout": 18, "tiny_cnn": 16, "reduced_inception": 14}
}
RECIPES = ("practice", "published")
RESULTS = {  # files of a run whose values count
    *("manifest.csv", "history.csv", "predictions.csv"),
    *("images.csv", "pairs.csv", "audit.json", "controls.json"),
}
UNSTABLE = {"seconds", "version", "versions", "path", "file", "source"}  # differ from run to run


def sha256(*arrays: np.ndarray) -> str:
    """The hash of the arrays' shapes, dtypes and bytes."""
    digest = hashlib.sha256()
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.shape} {array.dtype}".encode() + array.tobytes())
    return digest.hexdigest()


def train(name: str, size: int, layer_by_layer: bool) -> dict[str, str]:
    """Hashes of a few steps of one model on noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH * STEPS, size, size, 1)).astype(np.float32)
    y = (rng.random(BATCH * STEPS) < 0.5).astype(np.float32)
    model = build_model(name, (size, size, 1), seed=1)
    model.compile(Adam(0.001), "binary_crossentropy", ["acc"])
    if layer_by_layer:
        model.graph.steps = lambda *_: Graph.steps(model.graph, True)
    history = model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0).history
    return {
        "weights": sha256(*model.get_weights()),
        "history": sha256(*(np.array(history[key]) for key in sorted(history))),
        "predictions": sha256(model.predict(x, batch_size=BATCH)),
    }


def record_models() -> dict[str, str]:
    """All models, each in three ways."""
    ways = [
        (f"{name}, {backend}, {way}", name, size, backend, way == "layer by layer")
        for name in MODELS
        for backend, way, size in (
            ("numba", "fused", MODELS[name].image_size),
            ("numba", "layer by layer", MODELS[name].image_size),
            ("naive", "layer by layer", SMALL[name]),
        )
    ]
    record = {}
    for title, name, size, backend, layer_by_layer in ways:
        print(title, file=sys.stderr)
        with minicnn.use_backend(backend):
            found = train(name, size, layer_by_layer)
        record.update({f"{title}: {part}": value for part, value in found.items()})
    return record


def values_of(path: Path) -> np.ndarray:
    """The numbers of a csv or json file in their order, without keys, texts and times."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        return np.array([number for number in map(as_number, cells) if number is not None])
    return np.array(list(numbers_in(json.loads(path.read_text()))), dtype=float)


def as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def numbers_in(value):
    """All numbers inside of a json value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in UNSTABLE:
                yield from numbers_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers_in(inner)
    elif isinstance(value, int | float):
        yield float(value)


def record_run(folder: Path, recipe: str) -> dict[str, str]:
    """One short `covid run` on synthetic slices: every result that is no picture or page."""
    covid = [sys.executable, "-m", "covid"]
    if not (folder / "slices").exists():
        command = [*covid, "synth", "--out", "slices", "--patients", "12", "--slices", "4"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    print(f"covid run, {recipe}", file=sys.stderr)
    options = ["--data", "slices", "--group", "^[^_]+", "--recipe", recipe, "--epochs", "2"]
    command = [*covid, "run", *options, "--out", recipe]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    record = {}
    for path in sorted((folder / recipe).rglob("*")):
        where = str(path.relative_to(folder))
        if path.suffix == ".npz":
            with np.load(path) as file:
                names = sorted(name for name in file.files if file[name].dtype.kind == "f")
                record[where] = sha256(*(file[name] for name in names))
        elif path.name in RESULTS:
            record[where] = sha256(values_of(path))
        elif "data" in path.parts and path.suffix == ".png":
            record[where] = hashlib.sha256(path.read_bytes()).hexdigest()
    return record


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--compare", action="store_true", help="compare with FILE; do not write it")
    arguments = parser.parse_args()
    record = record_models()
    with tempfile.TemporaryDirectory() as folder:
        for recipe in RECIPES:
            record.update(record_run(Path(folder), recipe))
    if not arguments.compare:
        arguments.file.write_text(json.dumps(record, indent=1) + "\n")
        return 0
    before = json.loads(arguments.file.read_text())
    for name in sorted(before.keys() | record.keys()):
        if before.get(name) != record.get(name):
            print(f"differs: {name}")
    same = sum(before.get(name) == value for name, value in record.items())
    print(f"{same} of {len(before)} recorded results have the same bits")
    return int(before != record)


if __name__ == "__main__":
    sys.exit(main())
