"""What the numbers mean in a sentence: composed by rules, never more than they say.

A gap is seen where the intervals of the same model on two splits do not touch. Better than
guessing is an interval that lies above the score of always naming the more frequent class; no
more than guessing is one that ends less than `MARGIN` above that.
"""

from covid.page.glossary import amount, count, fixed, in_words, listed, percent, span
from covid.page.run_data import ModelRun, Run, SplitRun
from covid.page.values import look, number

MARGIN = 0.1  # so much above guessing is clearly above it


def chance(model: ModelRun, part: str = "test") -> float | None:
    """What always naming the more frequent class scores on a part."""
    counts = model.confusion(part)
    total = sum(map(sum, counts)) if counts else 0
    return max(map(sum, counts)) / total if total else None


def against_chance(model: ModelRun) -> str | None:
    """ "better", "worse", or "no better" than guessing; None where that is not known."""
    low, high = model.measure("accuracy").widest
    guess = chance(model)
    if guess is None or low is None or high is None:
        return None
    return "better" if low > guess else "worse" if high < min(guess, 1 - guess) else "no better"


def at_chance(model: ModelRun) -> bool:
    """Whether the interval leaves no room for an accuracy clearly above guessing."""
    guess, high = chance(model), model.measure("accuracy").widest[1]
    return guess is not None and high is not None and high <= guess + MARGIN


def falls(model: ModelRun, other: ModelRun) -> bool:
    """Whether the first model's accuracy is higher than the other's, beyond both intervals."""
    low, high = model.measure("accuracy").widest[0], other.measure("accuracy").widest[1]
    return low is not None and high is not None and low > high


def headline(run: Run) -> str:
    """The result in one sentence."""
    sentence = compared(run) or alone(run) or "no accuracy is known for any model."
    return f"On synthetic images: {sentence}" if run.synthetic else capital(sentence)


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def accuracies(models: list[ModelRun]) -> list[float]:
    """The test accuracies that are known."""
    values = [number(model.measure("accuracy").value) for model in models]
    return [value for value in values if value is not None]


def compared(run: Run) -> str | None:
    """Random against group split; None unless a model has a result on both."""
    random, group = run.split("random"), run.split("group")
    if random is None or group is None:
        return None
    names = [name for name in random.models if name in group.models]
    pairs = [(random.models[name], group.models[name]) for name in names]
    pairs = [pair for pair in pairs if len(accuracies(list(pair))) == 2]
    if not pairs:
        return None
    first, second = (accuracies(list(side)) for side in zip(*pairs, strict=True))
    numbers = f"test accuracy {span(first)} with {random.title}, {span(second)} with {group.title}"
    return f"{numbers}: {meaning(pairs, group)}{reservations(run, pairs, group)}."


def reservations(run: Run, pairs: list[tuple[ModelRun, ModelRun]], group: SplitRun) -> str:
    """What keeps the sentence from saying more than the numbers do."""
    seconds = [second for _, second in pairs]
    # An interval by group that was not made, although this version makes them: too few groups.
    few = any(
        isinstance(look(model.entry, "test", "measures", "accuracy"), dict)
        and model.measure("accuracy").group_low is None
        for model in seconds
    )
    return (f", as far as so few {group.nobody} can tell" if few else "") + in_doubt(run, seconds)


def in_doubt(run: Run, models: list[ModelRun]) -> str:
    """A result better than guessing is worth little where a shortcut was found."""
    better = any(against_chance(model) == "better" for model in models)
    return "; but a shortcut was found that may explain it" if better and shortcut(run) else ""


def shortcut(run: Run) -> bool:
    """Whether audit or controls found something beside the lungs that tells the classes apart."""
    rows = look(run.summary, "controls", "rows")
    flagged = [
        look(row, "flagged") is True and look(row, "name") != "permuted_labels"
        for row in (rows if isinstance(rows, list) else [])
    ]
    return any(flagged) or look(run.summary, "audit", "shortcuts") is True


def meaning(pairs: list[tuple[ModelRun, ModelRun]], group: SplitRun) -> str:
    """What the two numbers say together."""
    these, plural = ("these models", "") if len(pairs) > 1 else ("this model", "s")
    fallen = [second.name for first, second in pairs if falls(first, second)]
    standing = [against_chance(second) for _, second in pairs]
    nobody = group.nobody
    if len(fallen) == len(pairs):
        if all(at_chance(second) for _, second in pairs):
            return f"{these} recognise{plural} {nobody}, not disease"
        if "better" not in standing and None not in standing:
            they = "they know" if len(pairs) > 1 else "it knows"
            return f"{these} recognise{plural} {nobody}; nothing shows that {they} the disease, too"
        return (
            f"the first number is in part recognition of {nobody}; "
            f"the second is what {these} know{plural} of new ones"
        )
    if fallen:
        return (
            f"{listed(fallen)} recognise{'s' if len(fallen) == 1 else ''} {nobody} in part; for "
            "the other models the intervals show no fall"
        )
    if all(state == "better" for state in standing):
        return f"better than guessing on new {nobody} too, with no fall beyond the intervals"
    if all(state == "no better" for state in standing):
        return f"on new {nobody} not shown to be better than guessing"
    return "no fall beyond the intervals"


def alone(run: Run) -> str | None:
    """A result on one split only."""
    split = next((split for split in run.splits if accuracies(list(split.models.values()))), None)
    if split is None:
        return None
    models = list(split.models.values())
    numbers = f"test accuracy {span(accuracies(models))} with {split.title}"
    if split.key == "random":
        leak = f"; {leaking(run)}" if look(run.summary, "audit", "leaks") is True else ""
        return (
            f"{numbers}{leak}; not tried with patients kept apart, so this says little about a "
            "new patient."
        )
    standing = {state for state in map(against_chance, models)}
    if len(standing) == 1 and None not in standing:
        doubt = in_doubt(run, models)
        return f"{numbers}: {standing.pop()} than guessing on {split.nobody} never seen{doubt}."
    return f"{numbers}."


def leaking(run: Run) -> str:
    """How much of the test part the audit found again in training."""
    share = number(look(run.summary, "audit", "near_duplicates", "share"))
    patients = look(run.summary, "audit", "patients_on_both_sides")
    if share:
        return f"the audit found {percent(share)} of the test images again among the others"
    if number(look(patients, "count")):
        known = amount(look(patients, "of"), "patient")
        return f"the audit found {count(look(patients, 'count'))} of {known} on both sides"
    return "the audit found that the split leaks"


def warnings(run: Run) -> list[tuple[str, bool]]:
    """What must be known beside the result: verdicts of audit and controls, and who is alarmed."""
    verdicts = [(key, look(run.summary, key, "verdict")) for key in ("audit", "controls")]
    return [
        (f"{capital(key)}: {text}", alarmed(run, key))
        for key, text in verdicts
        if isinstance(text, str) and text
    ]


def alarmed(run: Run, key: str) -> bool:
    """Whether audit or controls found a leak or a shortcut."""
    rows = look(run.summary, key, "rows")
    flagged = [look(row, "flagged") is True for row in rows] if isinstance(rows, list) else []
    return any(flagged) or any(
        look(run.summary, key, word) is True for word in ("leaks", "shortcuts")
    )


def difference(first: ModelRun, second: ModelRun, titles: tuple[str, str]) -> str | None:
    """A model's accuracy on two splits, in a sentence."""
    values = accuracies([first, second])
    if len(values) < 2:
        return None
    gap = values[0] - values[1]
    touch = "do not touch" if falls(first, second) or falls(second, first) else "overlap"
    return (
        f"{first.name}: {in_words(first.measure('accuracy'))} with {titles[0]}, "
        f"{in_words(second.measure('accuracy'))} with {titles[1]}; a difference of "
        f"{fixed(gap)}, and the intervals {touch}."
    )
