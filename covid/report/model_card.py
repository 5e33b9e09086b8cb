"""The end of the page: how to reproduce the run, the model card with its checklist."""

from covid.report.run_data import Run

FILES = {
    "summary.json": "all values of this page",
    "run.json": "the options of the run",
    "model.npz": "a trained model",
    "kernels.npz": "its convolutions after every epoch",
    "history.csv": "loss, and accuracy at 0.5, of every epoch",
    "predictions.csv": "the probability of every image",
    "manifest.csv": "every image, its source, and how it was used",
    "split.json": "how the images were split",
    "audit.json": "all results of the audit",
    "pairs.csv": "every pair of near-duplicates",
    "images.csv": "every image as the audit measured it",
    "values.csv": "which values of file properties the audit tested, and how the classes have them",
    "controls.json": "all results of the controls",
    "controls.csv": "the same as a table",
    "folds.csv": "the cross-validation, fold by fold",
}


def repeat_section(run: Run) -> dict:
    """The files beside the page; command, seed and versions are in the run itself."""
    return {"files": files_beside(run)}


def files_beside(run: Run) -> list[tuple[str, str]]:
    """(file, content) of the files beside this page that have numbers in them."""
    found = {
        path.relative_to(run.folder).as_posix()
        for pattern in ("*", "*/*", "*/*/*", "*/*/*/*")
        for path in run.folder.glob(pattern)
        if path.name in FILES
    }
    folds = {name for name in found if name.startswith("folds/") and name.count("/") > 1}
    rows = [(name, FILES[name.rsplit("/", 1)[-1]]) for name in sorted(found - folds)]
    return rows + [("folds/", "the models of all folds, and the files of each")] * bool(folds)


def card_section(run: Run) -> dict:
    """What the models are for is in the template; here, whether their heat maps are there."""
    maps = [run.folder / split.key / f"figures/look-{one.name}.png" for split, one in run.trained()]
    return {"maps": any(path.is_file() for path in maps)}
