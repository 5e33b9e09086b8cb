"""What each measure means: the only place that says it, for tables, the report and its glossary."""

from dataclasses import dataclass

BOTH_CLASSES = "needs images of both classes"


@dataclass(frozen=True)
class Definition:
    """A measure as text; "{positive}" and "{negative}" stand for the names of the classes.

    Attributes
    ----------
    title, short : str
        Its name in the report, and in a table on the screen.
    meaning : str
        Half a sentence.
    chance : str
        What a model scores that ignores the image; empty where that can be anything.
    undefined : str
        When it has no value; empty where it always has one.
    """

    title: str
    short: str
    meaning: str
    chance: str = ""
    undefined: str = ""

    def sentence(self, positive: str, negative: str) -> str:
        """Meaning and chance level, with the names of the classes."""
        chance = f"; chance: {self.chance}" if self.chance else ""
        return f"{self.meaning}{chance}".format(positive=positive, negative=negative)


# In the order of summary.json.
DEFINITIONS = {
    "sensitivity": Definition(
        "Sensitivity",
        "sensitivity",
        "share of the {positive} images that are called {positive} (recall, true positive rate)",
        undefined="no image is positive",
    ),
    "specificity": Definition(
        "Specificity",
        "specificity",
        "share of the {negative} images that are called {negative} (true negative rate)",
        undefined="no image is negative",
    ),
    "ppv": Definition(
        "Positive predictive value (PPV)",
        "PPV",
        "share of {positive} among all that are called {positive}, at the stated prevalence",
        "prevalence",
        "no image was called positive",
    ),
    "npv": Definition(
        "Negative predictive value (NPV)",
        "NPV",
        "share of {negative} among all that are called {negative}, at the stated prevalence",
        "1 - prevalence",
        "no image was called negative",
    ),
    "accuracy": Definition(
        "Accuracy",
        "accuracy",
        "share of all images that are classified correctly",
        "share of the larger class",
    ),
    "balanced_accuracy": Definition(
        "Balanced accuracy",
        "balanced accuracy",
        "mean of sensitivity and specificity, so that both classes count the same",
        "0.5",
        BOTH_CLASSES,
    ),
    "f1": Definition(
        "F1 score",
        "F1",
        "harmonic mean of sensitivity and precision (PPV at the prevalence of these images)",
        undefined="needs an image that is positive, or called so",
    ),
    "roc_auc": Definition(
        "Area under the ROC curve (AUC)",
        "ROC AUC",
        "probability that an image of {positive} scores higher than one of {negative}",
        "0.5",
        BOTH_CLASSES,
    ),
    "pr_auc": Definition(
        "Area under the precision-recall curve",
        "PR AUC",
        "precision averaged over all sensitivities",
        "share of {positive} images",
        BOTH_CLASSES,
    ),
    "brier": Definition(
        "Brier score",
        "Brier score",
        "mean squared difference of predicted probability and class (0 or 1); 0 is best",
        "0.25 for always 0.5",
    ),
    "ece": Definition(
        "Expected calibration error",
        "calibration error",
        "mean difference of predicted probability and observed share of {positive}; 0 is best",
    ),
}
