"""What the numbers mean in a sentence: composed by rules, never more than they say.

A drop is seen where the intervals of the same model on two splits do not touch. Better than chance
is an interval that lies above the accuracy of always predicting the more frequent class; at chance
is one that ends less than `MARGIN` above that.
"""

from covid.common.choices import GROUP, OWN_SPLIT, RANDOM
from covid.report.formats import amount, capital, count, fixed, listed, measured, percent, span
from covid.report.model_run import ModelRun
from covid.report.run_data import Audit, Run, SplitRun

MARGIN = 0.1  # so much above chance is clearly above it
TITLES = {RANDOM: "slices split at random", GROUP: "patients kept apart", OWN_SPLIT: OWN_SPLIT}


def against_chance(model: ModelRun) -> str:
    """ "better", "worse", or "no better" than chance."""
    (low, high), chance = model.accuracy.widest, model.test.chance
    if low is not None and low > chance:
        return "better"
    return "worse" if high is not None and high < min(chance, 1 - chance) else "no better"


def at_chance(model: ModelRun) -> bool:
    """Whether the interval leaves no room for an accuracy clearly above chance."""
    high = model.accuracy.widest[1]
    return high is not None and high <= model.test.chance + MARGIN


def drops(model: ModelRun, other: ModelRun) -> bool:
    """Whether the first model's accuracy is higher than the other's, beyond both intervals."""
    low, high = model.accuracy.widest[0], other.accuracy.widest[1]
    return low is not None and high is not None and low > high


def headline(run: Run) -> str:
    """The result in one sentence."""
    sentence = compared(run) if len(run.splits) == 2 else alone(run)
    return f"On synthetic images: {sentence}" if run.synthetic else capital(sentence)


def accuracies(models: list[ModelRun]) -> str:
    """The test accuracies, or the smallest and the largest of them."""
    return span([model.accuracy.value for model in models])


def compared(run: Run) -> str:
    """Random against group split."""
    random, group = run.splits[RANDOM], run.splits[GROUP]
    pairs = [(random.models[name], group.models[name]) for name in random.models]
    first, second = accuracies([one for one, _ in pairs]), accuracies([two for _, two in pairs])
    values = f"test accuracy {first} with {random.title}, {second} with {group.title}"
    return f"{values}: {meaning(pairs, group)}{reservations(run, pairs, group)}."


def reservations(run: Run, pairs: list[tuple[ModelRun, ModelRun]], group: SplitRun) -> str:
    """What keeps the sentence from saying more than the numbers do."""
    second = [model for _, model in pairs]
    few = any(model.accuracy.group_low is None for model in second)  # too few to resample
    return (f", as far as so few {group.members} can tell" if few else "") + in_doubt(run, second)


def in_doubt(run: Run, models: list[ModelRun]) -> str:
    """A result better than chance is worth little where a shortcut was found."""
    better = any(against_chance(model) == "better" for model in models)
    return "; but a shortcut was found that may explain it" if better and shortcut(run) else ""


def shortcut(run: Run) -> bool:
    """Whether audit or controls found something beside the lungs that separates the classes."""
    controls = run.controls.flagged if run.controls else []
    return any(row.name != "permuted_labels" for row in controls) or bool(
        run.audit and run.audit.shortcuts
    )


def meaning(pairs: list[tuple[ModelRun, ModelRun]], group: SplitRun) -> str:
    """What the two accuracies say together."""
    these, they, s = ("these models", "they", "") if len(pairs) > 1 else ("this model", "it", "s")
    dropped = [second.name for first, second in pairs if drops(first, second)]
    standing = {against_chance(second) for _, second in pairs}
    members = group.members
    if len(dropped) == len(pairs):
        if all(at_chance(second) for _, second in pairs):
            return f"{these} recognize{s} {members}, not disease"
        if "better" not in standing:
            return f"{these} recognize{s} {members}; nothing shows that {they} detect{s} disease"
        return f"the first is in part recognition of {members}; the second holds for new ones"
    if dropped:
        return (
            f"{listed(dropped)} recognize{'s' if len(dropped) == 1 else ''} {members} in part; for "
            "the other models the intervals show no drop"
        )
    if standing == {"better"}:
        return f"better than chance on new {members} too, with no drop beyond the intervals"
    if standing == {"no better"}:
        return f"not shown to be better than chance on new {members}"
    return "no drop beyond the intervals"


def alone(run: Run) -> str:
    """A result on one split only."""
    (split,) = run.splits.values()
    models = list(split.models.values())
    values = f"test accuracy {accuracies(models)} with {split.title}"
    if split.key == RANDOM:
        leak = f"; {leak_found(run.audit)}" if run.audit and run.audit.leaks else ""
        return (
            f"{values}{leak}; not tested with {TITLES[GROUP]}, so this says little about a new "
            "patient."
        )
    standing = {against_chance(model) for model in models}
    if len(standing) == 1:
        doubt = in_doubt(run, models)
        return f"{values}: {standing.pop()} than chance on unseen {split.members}{doubt}."
    return f"{values}."


def leak_found(audit: Audit) -> str:
    """How much of the test part the audit found again in training."""
    patients = audit.patients_on_both_sides
    if audit.near_duplicates.share:
        share = percent(audit.near_duplicates.share)
        return f"the audit found near-duplicates of {share} of the test images in the other parts"
    if patients and patients.count:
        of = amount(patients.of, "patient")
        return f"the audit found {count(patients.count)} of {of} on both sides of the split"
    return "the audit found that the split leaks"


def difference(first: ModelRun, second: ModelRun, run: Run) -> str:
    """A model's accuracy on the random and on the group split."""
    gap = fixed(first.accuracy.value - second.accuracy.value)
    touch = "do not overlap" if drops(first, second) or drops(second, first) else "overlap"
    return (
        f"{first.name}: {measured(first.accuracy)} with {run.splits[RANDOM].title}, "
        f"{measured(second.accuracy)} with {run.splits[GROUP].title}: a difference of {gap}; the "
        f"intervals {touch}."
    )
