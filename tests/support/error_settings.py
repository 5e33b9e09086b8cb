"""The folders in which the commands of `error_table` go wrong, and what is broken there first.

Every row of that table starts in a folder of its own that looks like this:

    slices       two class folders of synthetic images
    parts        a split folder made of them, enhanced
    model.npz    a model that was trained on it
    image.png    one of the images
    notes.txt    a text

They are links to what all rows share; a row that changes one of them copies it first. What is
done to a folder before its command runs is a function of a `Setting`, put together by those below.
"""

import contextlib
import fcntl
import functools
import io
import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import bad_images
import bad_models
import cv2
import numpy as np
import pytest
from tiny_runs import finished_run, quick, slices, temporary_folder

from covid.pipeline import run
from minicnn.saving.weights import TRAINING


@dataclass
class Setting:
    """Where a row of the table runs, and how it is put right again afterwards."""

    folder: Path
    patch: pytest.MonkeyPatch = field(default_factory=pytest.MonkeyPatch)
    after: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


Make = Callable[[Setting], None]


def furnished(folder: Path) -> Setting:
    """A new folder as in the head of this file, the working directory from now on."""
    folder.mkdir()
    shared = temporary_folder() / "notes.txt"
    shared.write_text("these are notes\n")
    run_folder = finished_run()[0]
    for name, target in {
        "slices": slices(),
        "parts": run_folder / "random/data/enhanced-150px-50-10-40",
        "model.npz": run_folder / "random/tiny_cnn/model.npz",
        "image.png": sorted((slices() / "Infected").iterdir())[0],
        "notes.txt": shared,
    }.items():
        (folder / name).symlink_to(target)
    setting = Setting(folder)
    setting.patch.chdir(folder)
    return setting


def nothing(setting: Setting) -> None:
    pass


def all_of(*makes: Make) -> Make:
    def make(setting: Setting) -> None:
        for one in makes:
            one(setting)

    return make


# Files and folders


def file(name: str, content: bytes | str | Callable[[], bytes]) -> Make:
    """A file, in folders that are made; a link that is in the way goes."""

    def make(setting: Setting) -> None:
        path = setting.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        data = content() if callable(content) else content
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    return make


def folder(*names: str) -> Make:
    return lambda setting: [(setting.folder / n).mkdir(parents=True) for n in names] and None


def link(name: str, target: str) -> Make:
    return lambda setting: (setting.folder / name).symlink_to(target)


def copied(name: str, change: Callable[[Path], object] = lambda path: None) -> Make:
    """A copy of a folder that all share, changed."""

    def make(setting: Setting) -> None:
        path = setting.folder / name
        target = path.resolve()
        path.unlink()
        shutil.copytree(target, path)
        change(path)

    return make


def class_folders(*names: str) -> Make:
    """`data` with copies of a class folder under these names."""

    def make(setting: Setting) -> None:
        for name in names:
            shutil.copytree(slices() / "Infected", setting.folder / "data" / name)

    return make


def someones_split(setting: Setting) -> None:
    """`data` with a split that this program did not make."""
    class_folders("train/A", "train/B", "val/A", "val/B")(setting)


def beside_infected(*names: str) -> Make:
    """`data` with a class folder, and beside it `Other` with texts under these names."""
    texts = [file(f"data/Other/{name}", "notes") for name in names]
    return all_of(class_folders("Infected"), *(texts or [folder("data/Other")]))


def a_single_image_each(setting: Setting) -> None:
    for name in ("Infected", "Not_Infected"):
        file(f"data/{name}/a.png", png(name == "Infected"))(setting)


def png(level: int = 0) -> bytes:
    return cv2.imencode(".png", np.full((9, 7), 90 + level, np.uint8))[1].tobytes()


def in_split(change: Callable[[dict], object]) -> Make:
    """A copy of the split folder with another split.json."""
    return copied("parts", lambda path: change_json(path / "split.json", change))


def in_manifest(change: Callable[[str], str]) -> Make:
    def edit(path: Path) -> None:
        text = (path / "manifest.csv").read_text()
        (path / "manifest.csv").write_text(change(text))

    return copied("parts", edit)


def written(root: str, name: str, content: bytes | str) -> Make:
    """A file of `parts`, `stopped` or `finished` with another content, in a copy of that folder."""

    def write(path: Path) -> None:
        (path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    copy = {"stopped": stopped, "finished": finished}.get(root, functools.partial(copied, root))
    return copy(write)


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def change_json(path: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def patients_csv() -> str:
    """A line for each of the images of `slices`, with its patient."""
    names = [path.name for path in sorted(slices().rglob("*.png"))]
    return "file,patient\n" + "".join(f"{name},{name.split('_')[0]}\n" for name in names)


def preprocessed(*changes: Callable[[Path], object]) -> Make:
    """`enhanced`: what `covid preprocess slices` makes."""

    def make(setting: Setting) -> None:
        from covid.data.class_folders import scan
        from covid.data.preprocess import enhance_and_crop
        from covid.data.write_split import write_folder

        write_folder(scan(slices()), setting.folder / "enhanced", enhance_and_crop, progress=False)
        for change in changes:
            change(setting.folder / "enhanced")

    return make


def raw_split(setting: Setting) -> None:
    """`raw`: a split folder of images that are not enhanced."""
    from covid.data.class_folders import scan
    from covid.data.split import plan_split
    from covid.data.write_split import write_split

    images = scan(slices())
    extra = {"enhanced": False, "synthetic": True}
    folder = setting.folder / "raw"
    write_split(images, plan_split(images), folder, progress=False, extra=extra)


# Models


@functools.cache
def good_model() -> bytes:
    return bad_models.good_model()


def bad_model(change: Callable[[bytes], bytes] | str) -> Make:
    """`bad.npz`: of the corpus of bad models by its name, or the good one changed."""
    if isinstance(change, str):
        change = {**bad_models.CORPUS, **bad_models.UNUSABLE}[change][0]
    return file("bad.npz", lambda: change(good_model()))


def overflowing(setting: Setting) -> None:
    """`bad.npz`: weights that are finite, outputs that are not: infinity less infinity at the end."""
    from minicnn.models import load_model

    model = load_model(setting.folder / "model.npz")
    *kernels, last = [p for name, p in model.named_weights().items() if name.endswith("kernel")]
    for kernel in kernels:
        kernel[...] = 3e38
    last[::2], last[1::2] = 3e38, -3e38
    model.save(setting.folder / "bad.npz")


def for_other_classes(setting: Setting) -> None:
    from minicnn.models import load_model

    model = load_model(setting.folder / "model.npz")
    model.metadata = {**model.metadata, "positive": "Cat", "negative": "Dog"}
    model.save(setting.folder / "cats.npz")


# The environment and the system


def env(**values: str) -> Make:
    return lambda setting: [setting.patch.setenv(n, v) for n, v in values.items()] and None


def patched(target: str, replacement) -> Make:
    return lambda setting: setting.patch.setattr(target, replacement, raising=False)


def raising(target: str, error: BaseException) -> Make:
    """Let a function fail as the system would let it."""

    def fail(*args, **named):
        raise error

    return patched(target, fail)


def forbidden(path: str, target: str) -> Make:
    """Let a function that lists a folder be denied this one (root may list all there are)."""

    def make(setting: Setting) -> None:
        module, name = (os, "scandir") if target == "os.scandir" else (Path, "iterdir")
        real = getattr(module, name)

        def ask(where):
            if Path(where) == Path(path):
                raise PermissionError(13, "Permission denied", str(where))
            return real(where)

        setting.patch.setattr(module, name, ask)

    return make


def threads(count: str) -> Make:
    """That number of threads in the environment, which nobody has read yet."""
    return all_of(
        env(NUMBA_NUM_THREADS=count), patched("minicnn.kernels.runtime.thread_count._threads", None)
    )


def interrupted_while(target: str) -> Make:
    """Ctrl-C once, after a function has done its work."""

    def make(setting: Setting) -> None:
        module, name = target.rsplit(".", 1)
        real = getattr(__import__(module, fromlist=[name]), name)

        def work(*args, **named):
            result = real(*args, **named)
            os.kill(os.getpid(), signal.SIGINT)
            return result

        setting.patch.setattr(target, work)

    return make


# Runs that were interrupted


@functools.cache
def stopped_run() -> Path:
    """A run of two epochs that was told to stop when its first checkpoint had been written."""
    out = temporary_folder() / "stopped"
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        interrupted_while("minicnn.saving.checkpoint.write_npz")(Setting(out, patch))
        run.run_all(quick(out, seed=1, epochs=2, audit=True))
    return out


def stopped(change: Callable[[Path], object] = lambda path: None) -> Make:
    """`stopped`: a copy of that run, changed."""

    def make(setting: Setting) -> None:
        change(shutil.copytree(stopped_run(), setting.folder / "stopped"))

    return make


def without_last_line(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def with_damaged_controls(path: Path) -> None:
    """A run with controls that were begun by hand."""
    change_json(path / "run.json", lambda info: info["options"].update(controls=True))
    (path / "controls").mkdir()
    (path / "controls/controls.json").write_text("{")


def finished(change: Callable[[Path], object] = lambda path: None) -> Make:
    """`finished`: a copy of a run that is through, changed."""

    def make(setting: Setting) -> None:
        change(shutil.copytree(finished_run()[0], setting.folder / "finished"))

    return make


def in_run_json(change: Callable[[dict], object]) -> Make:
    """That run with another run.json."""
    return stopped(lambda path: change_json(path / "run.json", change))


def stopped_with(**options) -> Make:
    """A run that was started with other options than its checkpoint says."""
    return in_run_json(lambda info: info["options"].update(options))


def checkpoint(change: Callable[[bytes], bytes]) -> Make:
    """A run with another checkpoint."""

    def edit(path: Path) -> None:
        file = path / "random/tiny_cnn/checkpoint.npz"
        file.write_bytes(change(file.read_bytes()))

    return stopped(edit)


def training_state(**changes) -> Make:
    """A run whose checkpoint says something else about where the training stands."""

    def edit(content: bytes) -> bytes:
        name = TRAINING
        member = dict(bad_models.unpack(content))[f"{name}.npy"]
        state = json.loads(str(np.load(io.BytesIO(member))))
        text = bad_models.npy(np.array(json.dumps({**state, **changes})))
        return bad_models.put(name, text)(content)

    return checkpoint(edit)


def locked(setting: Setting) -> None:
    """Somebody is working at the run."""
    descriptor = os.open(setting.folder / "stopped", os.O_RDONLY)
    setting.after.callback(os.close, descriptor)
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def no_figures(setting: Setting) -> None:
    """Most of the time of a tiny run is taken by its figures."""
    kinds = {
        "dataset_figures": ("source_figures", "augmentation_figure"),
        "model_figures": ("graph_figure", "model_figures"),
    }
    for name in (f"{module}.{kind}" for module in kinds for kind in kinds[module]):
        setting.patch.setattr(f"covid.figures.{name}", lambda *args, **named: None)
    for name in ("draw_examples", "write_explorer"):
        setting.patch.setattr(run, name, lambda *args: None)


def at_the_end(work: Callable[[], object]) -> Make:
    """Without figures, but for the last one: this is done in its place."""
    return all_of(no_figures, patched("covid.pipeline.run.draw_examples", lambda *args: work()))


def exploding(setting: Setting) -> None:
    """A learning rate with which every training fails."""
    from dataclasses import replace

    real = run.recipe_for

    def recipe(*arguments):
        return replace(real(*arguments), learning_rate=1e32)

    setting.patch.setattr(run, "recipe_for", recipe)


def image(name: str) -> Make:
    """`bad.png`: of the corpus of bad images by its name."""
    return file("bad.png", lambda: bad_images.contents()[name][0])
