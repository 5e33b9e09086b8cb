"""What the numbers mean in a sentence: composed by rules, never more than they say.

A gap is seen where the intervals of the same model on two splits do not touch. Better than
guessing is an interval that lies above the score of always naming the more frequent class.
"""

from covid.page.runs import ModelRun, Run, SplitRun
from covid.page.values import look, number
from covid.page.words import fixed, in_words, listed, percent, span


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
    return f"{numbers}: {meaning(pairs, group)}."


def meaning(pairs: list[tuple[ModelRun, ModelRun]], group: SplitRun) -> str:
    """What the two numbers say together."""
    these, plural = ("these models", "") if len(pairs) > 1 else ("this model", "s")
    fallen = [second.name for first, second in pairs if falls(first, second)]
    standing = [against_chance(second) for _, second in pairs]
    nobody = group.nobody
    if len(fallen) == len(pairs):
        if "better" not in standing and None not in standing:
            return f"{these} recognise{plural} {nobody}, not disease"
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
        return f"on new {nobody} no better than guessing, as far as the intervals tell"
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
        return f"{numbers}: {standing.pop()} than guessing on {split.nobody} never seen."
    return f"{numbers}."


def leaking(run: Run) -> str:
    """How much of the test part the audit found again in training."""
    share = number(look(run.summary, "audit", "near_duplicates", "share"))
    if share is None:
        return "the audit found that the split leaks"
    return f"the audit found {percent(share)} of the test images again among the others"


def warnings(run: Run) -> list[str]:
    """What must be known beside the result: the verdicts of audit and controls."""
    found = [look(run.summary, key, "verdict") for key in ("audit", "controls")]
    return [text for text in found if isinstance(text, str) and text]


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
