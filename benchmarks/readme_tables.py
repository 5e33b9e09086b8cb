"""What stands in the README between its comments: see `benchmarks.readme`."""

from pathlib import Path

from benchmarks.roofline.pages import table
from covid.common.choices import GROUP, MODEL_NAMES, RANDOM
from covid.training.architectures import build_model

ROOT = Path(__file__).parents[1]
SYNTHETIC, REAL = IMAGES = ("synthetic", "real")
HISTOGRAM = "gray histogram"  # the baseline that has a line of its own
UNKNOWN = "…"
# What to read, in the best order; paths without their ending.
READING = {
    "a network trained on one page": ["minicnn/by_hand"],
    "what a layer is": ["minicnn/layers/base", "minicnn/layers/conv"],
    "its loops in Python, and in NumPy": [
        "minicnn/kernels/naive/convolution",
        "minicnn/kernels/windows/convolution",
    ],
    "other layers": [
        "minicnn/layers/pooling",
        "minicnn/layers/dense",
        "minicnn/layers/activations",
        "minicnn/layers/dropout",
    ],
    "the loss": ["minicnn/losses"],
    "the order of layers, and where gradients add up": ["minicnn/graph"],
    "a training step": ["minicnn/training/step"],
    "Adam": ["minicnn/optimizers/base", "minicnn/optimizers/adam", "minicnn/kernels/naive/updates"],
    "whether a gradient is right": [
        "minicnn/gradcheck/numeric",
        "minicnn/gradcheck/compare",
        "minicnn/gradcheck/check",
    ],
    "the application": [
        "covid/data/preprocess",
        "covid/training/architectures",
        "covid/training/recipes",
        "covid/pipeline/run",
    ],
}
PATHS = [name for names in READING.values() for name in names]


def blocks(found: dict) -> dict[str, list[str]]:
    """What stands in the README between the comments of each name; nothing for what is not found."""
    made = {"results": accuracy_table, "run": run_text}
    return {
        "lines": lines_list(),
        **{name: text(found[name]) for name, text in made.items() if name in found},
    }


def run_text(run: dict) -> list[str]:
    """How long the first command took, and what it printed."""
    seconds = {name: f"{value:.0f} s" for name, value in run["seconds"].items()}
    times = seconds.get("warm", UNKNOWN)
    if "cold" in seconds:
        times = f"{seconds['cold']} the first time, with compiling, and {times} from then on"
    machine = f"{run['cores']} cores ({run['processor']})"
    return [f"On {machine} the run takes {times}. It ends with:", ""] + [
        f"    {line}".rstrip() for line in run["table"]
    ]


def lines_list() -> list[str]:
    """The part to read, and about how long it is."""
    total = sum(len((ROOT / f"{name}.py").read_bytes().splitlines()) for name in PATHS)
    items = [
        f"{number}. {what}: {', '.join(f'[{short(name)}]({name}.py)' for name in names)}"
        for number, (what, names) in enumerate(READING.items(), 1)
    ]
    return [f"The part to read is about {round(total, -2):,} lines, in this order:", "", *items]


def short(name: str) -> str:
    """minicnn/layers/conv -> conv; kernels keep their folder, which tells them apart."""
    return name.split("kernels/")[-1] if "kernels/" in name else name.rpartition("/")[2]


def accuracy_table(rows: list[dict]) -> list[str]:
    """The test accuracies of what was measured: the lowest and the highest of all seeds."""
    ways = {RANDOM: "random", GROUP: "by patient"}
    columns = [(images, way) for images in IMAGES for way in ways]
    columns = [pair for pair in columns if any((r["images"], r["split"]) == pair for r in rows)]
    measured = {row["model"] for row in rows}
    cells = [
        [f"`{name}`" if name in MODEL_NAMES else f"*{name}*", parameters(name)]
        + [spread(rows, images, way, name) for images, way in columns]
        for name in (*MODEL_NAMES, HISTOGRAM)
        if name in measured
    ]
    return table(["", "parameters", *(f"{images}, {ways[way]}" for images, way in columns)], cells)


def parameters(name: str) -> str:
    """How many parameters a model has; a baseline has none to speak of."""
    return f"{build_model(name).count_params():,}" if name in MODEL_NAMES else ""


def spread(rows: list[dict], images: str, split: str, model: str) -> str:
    """0.91–0.95: the lowest and the highest accuracy of a model."""
    wanted = {"images": images, "split": split, "model": model}
    values = [row["accuracy"] for row in rows if wanted.items() <= row.items()]
    low, high = (f"{end(values):.2f}" for end in (min, max)) if values else (UNKNOWN, UNKNOWN)
    return low if low == high else f"{low}–{high}"
