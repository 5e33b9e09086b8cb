"""What a report of a study like this should say, and whether this one does.

The items follow the themes of CLAIM (Mongan, Moy and Kahn 2020), in words of our own.
"""

from covid.page.run_data import Run

UNKNOWN, NOT_APPLICABLE = "unknown", "not applicable"

# (item, words of the link or reason, section it leads to or "")
ITEMS = (
    ("Kind of study, and its purpose", "Model card", "card"),
    ("Where and when the images were taken, on which scanners", UNKNOWN, ""),
    ("Who was included and who was not", UNKNOWN, ""),
    ("Age, sex and illness of the patients", UNKNOWN, ""),
    ("Whether names were removed from the images", f"{UNKNOWN}: nothing here looks for them", ""),
    ("What the truth is, and who established it", f"the folder names; by whom is {UNKNOWN}", ""),
    ("Agreement of those who established it", UNKNOWN, ""),
    ("Preprocessing of the images", "What was done", "done"),
    ("Images left out, and why", "What was done", "done"),
    ("Why so many images and not more", f"{NOT_APPLICABLE}: all that can be used are", ""),
    ("How the images were split, and what was kept together", "What was done", "done"),
    ("Whether the parts are independent", "Data, and what the audit says", "audit"),
    ("Layers and size of the models", "Looking inside", "inside"),
    ("First weights: random, from the seed; none were taken from elsewhere", "Repeat", "repeat"),
    ("Training: settings, augmentation, when it stopped", "What was done", "done"),
    ("Which epoch was kept", "What was done", "done"),
    ("How the threshold was chosen", "Results", "results"),
    ("Several models taken together", f"{NOT_APPLICABLE}: each answers for itself", ""),
    ("Measures, and how certain they are", "Results", "results"),
    ("Results on the test part", "Results", "results"),
    ("Analysis of mistakes", "Training, curves and mistakes", "models"),
    ("Programs and versions", "How to repeat it", "repeat"),
    ("Limits", "Model card", "card"),
    ("Test on images from elsewhere", "not done", ""),
    ("Approval by an ethics committee, registration", f"{UNKNOWN}: a matter of the images", ""),
    ("Funding", NOT_APPLICABLE, ""),
)


def items(run: Run) -> list[tuple[str, str, str]]:
    """The items, with those that depend on what this run has."""
    controls = ("Controls", "controls") if run.part("controls") else ("not done", "")
    folds = ("Cross-validation", "folds") if run.part("folds") else ("not done", "")
    maps = [
        split.folder / "figures" / f"look-{name}.png"
        for split in run.splits
        for name in split.models
        if "\0" not in name
    ]
    seen = any(path.is_file() for path in maps)
    inside = ("Looking inside", "inside") if seen else ("not done", "")
    own = [
        ("Sensitivity of the result to shortcuts", *controls),
        ("Sensitivity of the result to the split", *folds),
        ("What the model looks at, with a check of the method", *inside),
    ]
    given = list(ITEMS)
    if run.synthetic:
        made = "not applicable: the images are synthetic, made by a program"
        given = [(item, made if why.startswith(UNKNOWN) else why, to) for item, why, to in given]
    if not run.part("audit"):
        given = [(i, "not done", "") if to == "audit" else (i, why, to) for i, why, to in given]
    return given + own
