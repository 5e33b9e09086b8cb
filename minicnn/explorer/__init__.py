"""A model and a sample as one page for a browser, forward and backward, every number to be pointed at.

    write_page(model, x, y, "explorer.html")

The page has the model's weights, and does the arithmetic itself (`page/explorer.js`); it needs no network
and no server. `covid explore` writes it for an image file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import minicnn
from minicnn.explorer.contents import epoch_contents, page_contents
from minicnn.explorer.render import render
from minicnn.files import atomic_write
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.models import Model


@dataclass
class Sample:
    """What a page shows a model.

    Attributes
    ----------
    x : float array, or a list of them for several inputs
        One sample, with or without batch axis, as the model takes it.
    y : float array or number, or a list of them for several outputs
        Its labels.
    name : str
        How the page calls it.
    healthy : bool
        Whether the page's brush takes from it what it erases with.
    command : str
        The beginning of the command that explains it, if there is one.
    """

    x: np.ndarray | list
    y: np.ndarray | float | list
    name: str = "the sample"
    healthy: bool = False
    command: str = ""


def write_page(
    model,
    x,
    y,
    path: str | Path,
    *,
    name: str = "the sample",
    others: Sequence[Sample] = (),
    classes: tuple[str, str] | None = None,
    epochs: list[tuple[int, dict]] | None = None,
    prepare: dict | None = None,
    note: str = "",
    command: str = "",
) -> Path:
    """Write a page that takes a model apart on a sample; an existing file is replaced as a whole.

    Parameters
    ----------
    model : Model
        Compiled, with binary cross-entropy; of any architecture.
    x, y, name, command
        The first sample: see `Sample`.
    path : path
        Of the html file.
    others : sequence of Sample
        Further samples of the same model, to compare with.
    classes : (str, str), optional
        What labels 0 and 1 mean.
    epochs : list of (int, dict), optional
        Weights of earlier epochs, as `minicnn.callbacks.WeightHistory` keeps them.
    prepare : dict, optional
        How the model's images were prepared, for files that are dropped on the page: "rescale", a
        factor, "samplewise", whether each was given mean 0 and standard deviation 1, and
        "missing", a phrase that names what else was done, which the page does not do.
    note : str
        A sentence about the images, at the top and the bottom of the page.

    Returns
    -------
    path : Path

    Raises
    ------
    ValueError
        For a sample, earlier weights or classes that do not fit, and a layer or a loss of which the page
        knows nothing.
    TypeError
        If `model` is no Model, or one of `others` no Sample.
    RuntimeError
        If the model is not compiled.
    OSError
        If the file cannot be written.
    """
    if not isinstance(model, Model):
        raise TypeError(f"write_page: expected a Model, got {type(model).__name__}")
    if classes is not None and not (len(classes) == 2 and isinstance(classes, tuple | list)):
        raise ValueError(f"classes: expected two names, for labels 0 and 1, got {classes!r}")
    samples = [Sample(x, y, name, command=command), *others]
    if not all(isinstance(sample, Sample) for sample in samples):
        raise TypeError("others: expected Samples of minicnn.explorer")
    prepare = prepare and {
        "rescale": float(prepare.get("rescale", 1)),
        "samplewise": bool(prepare.get("samplewise", False)),
        "missing": str(prepare.get("missing", "")),
    }
    with one_step_at_a_time():
        contents = page_contents(model, samples)
    contents |= {"classes": classes, "prepare": prepare}
    contents["epochs"] = epoch_contents(model, epochs)
    path = Path(path)
    with atomic_write(path) as temporary:
        temporary.write_bytes(
            render(model.name, note, minicnn.__version__, contents).encode("utf-8")
        )
    return path
