"""Results with intervals: the splits side by side, every measure, and what each one means."""

from covid.common.choices import GROUP, RANDOM
from covid.metrics import DEFINITIONS
from covid.report.formats import amount, capital, listed
from covid.report.run_data import Run
from covid.report.verdict import difference

# Accuracy first: the top of the page has it.
ORDER = sorted(DEFINITIONS, key=lambda name: "accuracy" not in name)


def results_section(run: Run) -> dict:
    """Differences, what limits the intervals, the measures of each model, their meaning."""
    return {
        "differences": differences(run),
        "baselines": [
            (name, split, found)
            for split in run.splits.values()
            for name, found in (split.baselines or {}).items()
        ],
        "remarks": remarks(run),
        "columns": {
            name: [
                (split.title, amount(one.test.n, "test image")) for split, one in run.trained(name)
            ]
            for name in run.model_names
        },
        "definitions": {name: DEFINITIONS[name] for name in ORDER},
    }


def differences(run: Run) -> list[str]:
    """Each model on the random and on the group split, in a sentence."""
    if len(run.splits) < 2:
        return []
    first, second = run.splits[RANDOM].models, run.splits[GROUP].models
    return [difference(first[name], second[name], run) for name in run.model_names]


def remarks(run: Run) -> list[str]:
    """What a reader of the intervals must know; once, where it holds for several splits."""
    titles: dict[str, dict[str, None]] = {}
    for split, model in run.trained():
        if model.test.remark:
            titles.setdefault(model.test.remark, {})[split.title] = None
    return [f"{capital(listed(list(of)))}: {remark}" for remark, of in titles.items()]
