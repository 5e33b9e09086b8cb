"""What k folds say together: mean with interval, and all predictions pooled."""

import numpy as np

from covid.data.groups import Groups
from covid.metrics import roc_auc, wilson_interval
from covid.metrics.student_t import t_interval
from covid.training.predictions import Result

MEASURES = ("accuracy", "auc", "loss")
FOLD_COLUMNS = ("fold", "n_test", "groups_test", "threshold", *MEASURES)
RANGES = {"accuracy": (0.0, 1.0), "auc": (0.0, 1.0), "loss": (0.0, np.inf)}
METHOD = "t interval over folds"
WEAKNESS = (
    "The interval takes the folds for independent; they share training images, so that the truth "
    "is less certain than it says, and nothing computed from one cross-validation tells by how "
    "much (Bengio and Grandvalet 2004). Where all folds agree it has no width at all."
)


def fold_row(number: int, result: Result, groups_test: int | None) -> dict:
    """The test of one fold as a line of folds.csv."""
    return {
        "fold": number,
        "n_test": result.n,
        "groups_test": groups_test,
        "threshold": result.threshold,
        "accuracy": result.accuracy,
        "auc": float(roc_auc(result.labels, result.probabilities)),
        "loss": result.loss,
    }


def summarize_folds(
    k: int,
    groups: Groups | None,
    notes: list[str],
    rows: dict[str, list[dict]],
    tested: dict[str, list[Result]],
) -> dict:
    """What summary.json holds of a cross-validation.

    Returns
    -------
    folds : dict
        "k"; "kept_together", a text, None if cut image by image; "notes", a list of sentences;
        "weakness", a sentence; "models", by name: "folds", the lines of folds.csv; "measure"
        ("accuracy") with its "mean", "low", "high" and "method"; "measures", mean, low and high of
        accuracy, auc and loss; "pooled", see `pool`.
    """
    models = {}
    for name, folds in rows.items():
        measures = {measure: mean_and_interval(folds, measure) for measure in MEASURES}
        models[name] = {
            "folds": folds,
            "measure": "accuracy",
            **measures["accuracy"],
            "method": METHOD,
            "measures": measures,
            "pooled": pool(tested[name]),
        }
    return {
        "k": k,
        "kept_together": None if groups is None else groups.source,
        "notes": notes,
        "weakness": WEAKNESS,
        "models": models,
    }


def mean_and_interval(folds: list[dict], measure: str) -> dict[str, float]:
    """Mean of a measure over the folds with its 95 % t interval, cut to the possible values."""
    mean, low, high = t_interval([row[measure] for row in folds])
    smallest, largest = RANGES[measure]
    return {"mean": mean, "low": max(smallest, low), "high": min(largest, high)}


def pool(results: list[Result]) -> dict:
    """Measures of the predictions of all folds, taken for those of one model.

    They weigh every image the same, whatever the size of its fold. The k models need not mean
    the same by 0.7, so that the pooled AUC may be lower than that of each of them.

    Returns
    -------
    pooled : dict
        "n"; "accuracy", with a 95 % Wilson interval "low", "high", which takes images for
        independent ("method"); "auc"; "loss"; "confusion" as in `Result`.
    """
    n = sum(result.n for result in results)
    correct = sum(result.correct for result in results)
    low, high = wilson_interval(correct, n)
    labels = np.concatenate([result.labels for result in results])
    probabilities = np.concatenate([result.probabilities for result in results])
    return {
        "n": n,
        "accuracy": correct / n,
        "low": low,
        "high": high,
        "method": "Wilson",
        "auc": float(roc_auc(labels, probabilities)),
        "loss": sum(result.n * result.loss for result in results) / n,
        "confusion": sum(result.confusion for result in results).tolist(),
    }
