"""Two test slices that stand for a model on the first page: an ill and a healthy one.

Of each class the slice is taken that the model is surest of, among those that it classifies
correctly. Where a truth.csv beside the source images says how much of the lungs is lesion
(synthetic sets), an ill one is taken from the quarter with the largest lesions: a heat map says
something only where there is something to be seen.
"""

from pathlib import Path

import numpy as np

from covid.common.csv_cells import csv_rows
from covid.data.images import read_gray
from covid.data.manifest import read_manifest
from covid.data.split_folder import SplitFolder
from covid.figures.draw_process import draw
from covid.training.model_file import model_input
from covid.training.predictions import Result
from minicnn.models import Model
from minicnn.saliency import grad_cam, occlusion

TRUTH = "truth.csv"
NOT_QUITE_SURE = 0.9  # probability of the class that a slice is of
METHODS = {"grad-cam": grad_cam, "occlusion": occlusion}


def example_slices(
    model: Model, result: Result, split: SplitFolder, method: str, folder: Path
) -> dict:
    """Draw ill.png and healthy.png, a slice beside its heat map each, without text, into `folder`.

    `result` is that of the test, `method` "grad-cam" or "occlusion". The heat maps have one scale:
    what is pale in one of them is little beside what the other one shows. Returns what summary.json
    holds of them: by name the file, its probability, its lesion share (None: not known).
    """
    shares = lesion_shares(split)
    found, images, heats = {}, {}, {}
    for name, label in (("ill", 1), ("healthy", 0)):
        index = surest(result, label, shares)
        file = result.files[index]
        x = model_input(model, read_gray(split.folder / "test" / file))
        images[name], heats[name] = x[:, :, 0], METHODS[method](model, x).on_image
        p = float(result.probabilities[index])
        found[name] = {"file": file, "probability": p, "lesion_share": shares.get(file)}
    largest = max(float(np.abs(heat).max()) for heat in heats.values())
    for name, image in images.items():
        path = folder / f"{name}.png"
        draw("heat_maps.slice_with_heat", image, heats[name], path, largest=largest)
    return found


def surest(result: Result, label: int, shares: dict[str, float]) -> int:
    """Index of the slice of a class that the model is surest of: see above."""
    chosen, p = candidates(result, label, shares), result.probabilities.astype(float)
    return int(chosen[np.argmax(p[chosen] if label else -p[chosen])])


def least_flat(result: Result, label: int, shares: dict[str, float]) -> int:
    """Index of the slice among the same ones whose probability is nearest to `NOT_QUITE_SURE`.

    Where a model is quite sure the loss is flat, and no gradient is worth looking at.
    """
    chosen, p = candidates(result, label, shares), result.probabilities.astype(float)
    return int(
        chosen[np.argmin(np.abs(p[chosen] - (NOT_QUITE_SURE if label else 1 - NOT_QUITE_SURE)))]
    )


def candidates(result: Result, label: int, shares: dict[str, float]) -> np.ndarray:
    """Indices of a class' slices that are classified correctly, the ill ones with large lesions.

    If none of them is classified correctly, all of them.
    """
    p = result.probabilities.astype(float)
    own = np.flatnonzero(result.labels == label)
    correct = own[(p[own] > result.threshold) == label]
    chosen = correct if correct.size else own
    lesions = np.array([shares.get(result.files[k], 0.0) for k in chosen])
    return chosen[lesions >= np.quantile(lesions, 0.75)] if label else chosen


def lesion_shares(split: SplitFolder) -> dict[str, float]:
    """Test image -> share of its lung pixels that are lesion; empty where that is not known."""
    if not split.info.get("synthetic"):
        return {}
    tables: dict[Path, dict[str, float]] = {}
    found = {}
    for row in read_manifest(split.folder):
        source = Path(row["source"])
        folder = source.parent.parent  # class folders lie side by side
        if row["part"] == "test" and row["file"]:
            if folder not in tables:
                tables[folder] = read_truth(folder / TRUTH)
            share = tables[folder].get(source.relative_to(folder).as_posix())
            if share is not None:
                found[Path(row["file"]).relative_to("test").as_posix()] = share
    return found


def read_truth(path: Path) -> dict[str, float]:
    """File -> lesion share; empty where there is no such table."""
    try:
        with csv_rows(path) as rows:
            return {row["file"]: float(row["lesion_share"]) for row in rows}
    except (OSError, KeyError, ValueError):
        return {}
