"""Data and methods: the images, how they were split and prepared, the models and their recipe."""

from covid.common.choices import GROUP, RANDOM
from covid.report.formats import amount, capital, count
from covid.report.run_data import Run, SplitData, SplitRun
from covid.report.verdict import TITLES

STEPS = {
    True: "contrast enhancement (CLAHE), then the crop named in the recipe below",
    False: "none; the images are used as they are",
}
UNUSED = {  # status in the manifest: what it means
    "no_contour_kept": "kept whole, because nothing was found to crop to",
    "no_contour_dropped": "dropped, because nothing was found to crop to",
    "unreadable": "unreadable",
    "skipped": "skipped",
}


def done_section(run: Run) -> dict:
    """Data, counts, preprocessing, models, recipe."""
    splits = list(run.splits.values())
    remarks = [remark for split in splits for remark in remarks_of(split)]
    absent = TITLES[GROUP if RANDOM in run.splits else RANDOM] if len(splits) == 1 else None
    if absent:
        run.lacks(f"no result with {absent}")
    return {
        "remarks": list(dict.fromkeys(remarks)),
        "absent": absent,
        "settings": list(dict.fromkeys(name for one in run.recipes.values() for name in one)),
    }


def remarks_of(split: SplitRun) -> list[str]:
    """What is known of a split's images beside their counts."""
    title = capital(split.title)
    remarks = []
    if split.kept_together:
        remarks.append(
            f"{title}: no images of one group (by {split.kept_together}) are both in the test part "
            "and in the training set."
        )
    for data in split.data.values():
        remarks.append(files_remark(data))
        remarks += [f"{title}: {note}." for note in data.notes]
    return remarks


def files_remark(data: SplitData) -> str:
    """How many files there were, how many could not be used, how they were prepared."""
    files = data.files
    used = files.get("kept", 0) + files.get("no_contour_kept", 0)
    unused = "".join(
        f"; {count(files[status])} {meaning}"
        for status, meaning in UNUSED.items()
        if files.get(status)
    )
    return (
        f"{amount(files.get('total', 0), 'file')}, {count(used)} used{unused}. Preprocessing: "
        f"{STEPS[data.enhanced]}."
    )
