"""The result of a run in one sentence: the same at the end of `covid run` and in the report.

Where audit or controls have found what makes it doubtful, that is said before it.
"""

from covid.audit.verdict import first
from covid.common.choices import GROUP, OWN_SPLIT, RANDOM
from covid.controls.verdict import SHORTCUTS
from covid.metrics import accuracies_differ, careful_interval

PLAIN = {
    "majority class": "guessing the larger class",
    "mean brightness": "the mean brightness alone",
    "gray histogram": "the gray histogram alone",
}


def doubt(summary: dict) -> str:
    """What makes the result doubtful: a leak or shortcuts, as audit and controls found them, or "".

    `summary` is what summary.json holds.
    """
    controls = summary.get("controls") or {"rows": []}
    flagged = {row["name"]: row for row in controls["rows"] if row["flagged"]}
    sentences = []
    # A leak of the split at random is no doubt about patients kept apart.
    if "permuted_labels" in flagged and controls["split"] == list(summary["splits"])[-1]:
        area = flagged["permuted_labels"]["auc"]
        sentences.append(
            f"Leak: permuted labels are predicted (AUC {area:.2f}), so a right answer may be memory."
        )
    audit = summary.get("audit") or {"confounders": []}
    confounders = [one for one in audit["confounders"] if one["flagged"]]
    # `found` is not in audits of older versions.
    values = [one["found"] for one in confounders if one.get("found")]
    ways = [*without_lungs(flagged), *alone([one for one in confounders if not one.get("found")])]
    found = [f"the classes are told apart {' and '.join(ways)}"] if ways else []
    if values:
        found.append(f"some images give their class away without the lungs: {first(values)}")
    if found:
        sentences.append(f"Shortcut: {'; '.join(found)}.")
    return " ".join(sentences)


def without_lungs(flagged: dict[str, dict]) -> list[str]:
    """How the controls told the classes apart; their flagged rows by name."""
    scores = [
        f"{flagged[name]['title']} {flagged[name]['auc']:.2f}"
        for name in SHORTCUTS
        if name in flagged
    ]
    known = ", perhaps by patients known from the training" if "permuted_labels" in flagged else ""
    return [f"without the lungs (AUC: {', '.join(scores)}){known}"] if scores else []


def alone(confounders: list[dict]) -> list[str]:
    """How the audit told them apart."""
    named = [f"{one['title']} (AUC {one['auc']:.2f})" for one in confounders]
    return [f"by {first(named)} alone"] if named else []


def conclusion(summary: dict) -> str:
    """What the best model reaches, by patient if that was tested; what beats it comes first.

    `summary` is what summary.json holds.
    """
    split = summary["splits"].get(GROUP) or summary["splits"][RANDOM]
    name, others = split["best_model"], split["not_beaten"]
    test = split["models"][name]["test"]
    key = fair_measure(test, *split["baselines"].values())
    among = " (best by validation loss)" if len(split["models"]) > 1 else ""
    images = "on synthetic images, " if summary["synthetic"] else ""
    alike = ", both classes counting the same" if key == "balanced_accuracy" else ""
    way = f"in {OWN_SPLIT}" if split["title"] == OWN_SPLIT else split["title"]
    result = (
        f"{images}{way}, {name}{among} is right on {share(test, key)} of the test images"
        f"{alike} ({ends(test, key)}threshold {test['threshold']:.3f})"
    )
    if test["answers_one_class"]:
        said = test["answers_one_class"]
        return f"{name} calls every test image {said}, so it has learned nothing: {result}."
    if others:
        *more, last = [f"{PLAIN[one]} on {share(split['baselines'][one], key)}" for one in others]
        better = f"{', '.join(more)} and {last}" if more else last
        return f"No better than what needs no network: {result}, {better}."
    best = max(split["baselines"], key=lambda one: value(split["baselines"][one], key))
    text = f"{result}, {PLAIN[best]} on {share(split['baselines'][best], key)}."
    return text[0].upper() + text[1:]


def not_beaten(test: dict, baselines: dict[str, dict]) -> list[str]:
    """The baselines that are at least as good in the test as a model; entries of summary.json."""
    key = fair_measure(test, *baselines.values())
    return [name for name, one in baselines.items() if value(one, key) >= value(test, key)]


def fair_measure(*tests: dict) -> str:
    """What results of one test set are compared by: balanced accuracy where it differs."""
    differ = any(accuracies_differ(test["measures"]) for test in tests)
    return "balanced_accuracy" if differ else "accuracy"


def value(test: dict, key: str) -> float:
    return test["measures"][key]["value"]


def share(test: dict, key: str) -> str:
    """Such as 60 %."""
    return f"{100 * value(test, key):.0f} %"


def ends(test: dict, key: str) -> str:
    """The interval, if there is one."""
    low, high = careful_interval(test["measures"][key])
    return "" if low is None else f"95 % interval {100 * low:.0f} to {100 * high:.0f} %, "
