"""The roofline figure: rate over FLOP per byte, the machine's limits as lines."""

from pathlib import Path

import numpy as np

from minicnn.files import atomic_write

COLORS = {"cache": "tab:blue", "memory": "tab:green", "arithmetic": "tab:red"}
APART = 26.0  # pixels between the numbers' centers, at least
STEPS = 400  # of pushing them apart


def draw(limits: dict, kernels: list[dict], path: Path) -> None:
    """Draw it into a png.

    Parameters
    ----------
    limits : dict
        compute (GFLOP/s), sgemm, cache and memory (GB/s).
    kernels : list of dict
        name, intensity, gflops, limit of each; see `command.against_limits`.
    path : Path
        Written to a temporary name first.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(figsize=(12.5, 7), dpi=100)
    fig.subplots_adjust(left=0.06, right=0.63, top=0.94, bottom=0.09)
    x = np.array([point["intensity"] for point in kernels])
    y = np.array([point["gflops"] for point in kernels])
    hollow = np.array([_by_definition(kernel) for kernel in kernels])
    left, right = x.min() / 3, max(hollow[:, 0].max(), limits["compute"] / limits["memory"]) * 3
    axes.set(xscale="log", yscale="log", xlim=(left, right))
    axes.set_ylim(y.min() / 3, max(limits["compute"], hollow[:, 1].max()) * 2)
    _draw_roofs(axes, limits, left, right)
    axes.set_xlabel("work per least traffic, FLOP/byte")
    axes.set_ylabel("rate, GFLOP/s")
    axes.set_title("Each kernel below the limit that holds for it")
    axes.grid(which="major", color="0.92")
    fig.canvas.draw()
    anchors = axes.transData.transform(np.column_stack([x, y]))
    places = axes.transData.inverted().transform(spread(anchors))
    for number, (point, at) in enumerate(zip(kernels, places, strict=True), 1):
        color = COLORS[point["limit"]]
        dot = (point["intensity"], point["gflops"])
        axes.plot(*zip(dot, at, strict=True), color=color, linewidth=0.8)
        if _by_definition(point) != dot:
            there = _by_definition(point)
            axes.plot(*zip(dot, there, strict=True), color=color, linewidth=0.8, linestyle=":")
            axes.plot(*there, "o", color=color, markerfacecolor="white", markersize=4.5)
        axes.plot(*dot, "o", color=color, markersize=4.5)
        circle = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": color}
        axes.text(*at, f"{number:2d}", ha="center", va="center", fontsize=8, bbox=circle)
        row = 0.94 - 0.85 * (number - 1) / len(kernels)
        text = f"{number:2d}  {point['name']}  ({point['share']:.0%})"
        fig.text(0.645, row, text, color=color, fontsize=8.5, va="top")
    note = (
        "color: the limit that holds; in brackets: the share of it that is reached\n"
        "hollow: the same time, if the work is counted as the definition has it"
    )
    fig.text(0.645, 0.04, note, fontsize=8, color="0.35")
    with atomic_write(path) as part:
        fig.savefig(part, format="png")
    plt.close(fig)


def _draw_roofs(axes, limits: dict, left: float, right: float) -> None:
    """The lines, with their names on them."""
    flat, dotted = limits["compute"], limits["sgemm"]
    for place, words, beside in (("cache", "cache", "bottom"), ("memory", "memory", "top")):
        rate, color = limits[place], COLORS[place]
        axes.plot([left, flat / rate], [left * rate, flat], color=color)
        start, end = axes.transData.transform([(left, left * rate), (flat / rate, flat)])
        axes.text(
            flat / rate / 5 * (0.94 if beside == "bottom" else 1.06),
            flat / 5,
            f" {words}: {rate:.0f} GB/s ",
            rotation=np.degrees(np.arctan2(*(end - start)[::-1])),
            rotation_mode="anchor",
            va=beside,
            color=color,
            fontsize=9,
        )
    color = COLORS["arithmetic"]
    axes.plot([left, right], [flat, flat], color=color)
    axes.plot([left, right], [dotted, dotted], color=color, linestyle=":")
    at = left * 1.2
    axes.text(at, flat * 1.08, f"arithmetic: {flat:.0f} GFLOP/s", color=color, fontsize=9)
    text = f"BLAS (dotted): {dotted:.0f} GFLOP/s"
    axes.text(at, dotted / 1.08, text, color=color, fontsize=9, va="top")


def _by_definition(kernel: dict) -> tuple[float, float]:
    """Where a kernel's point would be if it did the work of the definition in the same time."""
    more = max(1.0, (kernel["direct_flop"] or 0) / kernel["flop"])
    return kernel["intensity"] * more, kernel["gflops"] * more


def spread(anchors: np.ndarray) -> np.ndarray:
    """Places for the labels of `anchors`, (points, 2) in pixels: near them, not on each other."""
    places = anchors + [APART * 0.6, -APART * 0.6]
    for _ in range(STEPS):
        push = np.zeros_like(places)
        for obstacles, space in ((places, APART), (anchors, APART * 0.75)):
            gap = places[:, None] - obstacles[None]  # (labels, obstacles, 2)
            distance = np.linalg.norm(gap, axis=2)
            own = (obstacles is places) & np.eye(len(places), dtype=bool)
            distance[own] = np.inf
            near = np.clip(space - distance, 0, None) / np.maximum(distance, 1e-6)
            push += (gap * near[..., None]).sum(axis=1) / 2
        places = places + push + (anchors - places) * 0.02
    return places
