"""Results with intervals: the splits side by side, every measure, and what each one means."""

from covid.page import words
from covid.page.chart import accuracy_chart
from covid.page.markup import Markup, join, listing, paragraph, section, table, tag
from covid.page.reading import Measure, ModelRun, Run, SplitRun, look, number
from covid.page.verdict import chance, difference

PARTS = ("train", "validate", "test")
CHOSEN_ON = {"validate": "the validation images", None: "no images"}


def results_section(run: Run) -> Markup:
    """Chart, differences, a table of measures for each model, all parts, the glossary."""
    parts: list = [accuracy_chart(run)]
    parts.append(side_by_side(run))
    parts += [measures_table(run, name) for name in run.model_names]
    parts += [threshold_text(run), remarks(run), parts_table(run)]
    if not any(has_measures(run.splits, name) for name in run.model_names):
        run.lacks("no measures but the accuracy: the summary is of an older version")
        parts.append(
            paragraph(
                "Not here: measures but the accuracy; this summary is of an older version.",
                class_="missing",
            )
        )
    return section("results", "Results", *parts, *meanings())


def side_by_side(run: Run) -> Markup | None:
    """Each model on the random and on the group split, in a sentence."""
    random, group = run.split("random"), run.split("group")
    if random is None or group is None:
        return None
    sentences = [
        difference(random.models[name], group.models[name], (random.title, group.title))
        for name in random.models
        if name in group.models
    ]
    known = [sentence for sentence in sentences if sentence]
    return listing(known) if known else None


def measures_table(run: Run, name: str) -> Markup | None:
    """A model's measures, a column for each split."""
    splits = [split for split in run.splits if name in split.models]
    rows = []
    for key, (title, _, _) in words.MEASURES.items():
        found = [split.models[name].measure(key) for split in splits]
        if key == "accuracy" or has_measures(splits, name):
            rows.append([title, *(cell(key, measure) for measure in found)])
    sizes = [words.amount(look(s.models[name].entry, "test", "n"), "test image") for s in splits]
    header = ["measure"] + [
        join([split.title, tag("br"), tag("small", size)])
        for split, size in zip(splits, sizes, strict=True)
    ]
    caption = f"{name}: positive class {run.positive}, test images"
    return table(caption, header, rows, run.note, "measures")


def has_measures(splits: list[SplitRun], name: str) -> bool:
    """Whether a model has more than the accuracy that every summary has."""
    models = [split.models[name] for split in splits if name in split.models]
    return any(isinstance(look(model.entry, "test", "measures"), dict) for model in models)


def cell(key: str, measure: Measure) -> Markup:
    """A number, below it its interval and how that was made; a reason where there is none."""
    if number(measure.value) is None:
        reason = words.NO_VALUE.get(key)
        return join([words.DASH, tag("small", f" {reason}") if reason else None])
    parts = [tag("b", words.fixed(measure.value))]
    ends = words.between(measure.low, measure.high)
    method = f" ({measure.method})" if measure.method else ""
    parts.append(tag("small", f"{ends}{method}" if ends else "no interval"))
    by_group = words.between(measure.group_low, measure.group_high)
    if by_group:
        parts.append(tag("small", f"{by_group} by group"))
    return join(parts, " ")


def threshold_text(run: Run) -> Markup:
    """Where the thresholds come from, and for which prevalence the predictive values hold."""
    said = []
    for split in run.splits:
        for name, model in split.models.items():
            if model.threshold is None:
                continue
            chosen = look(model.entry, "threshold", "chosen_on")
            on = CHOSEN_ON.get(chosen if isinstance(chosen, str) else None, f"the part {chosen}")
            how = look(model.entry, "threshold", "method")
            said.append(
                f"{name}, {split.title}: {words.fixed(model.threshold)}, chosen on {on}"
                + (f" by {how}" if isinstance(how, str) and how else "")
                + stated_prevalence(model)
            )
    if not said:
        return paragraph("Threshold: 0.5, fixed beforehand. An image is called positive above it.")
    return join(
        [
            paragraph(
                "An image is called positive above a threshold, which was never chosen on the test "
                "images. All measures but the two areas, the Brier score and the calibration error "
                "depend on it:"
                if all(
                    look(m.entry, "threshold", "chosen_on") != "test"
                    for s in run.splits
                    for m in s.models.values()
                )
                else "An image is called positive above a threshold:"
            ),
            listing(said),
        ]
    )


def stated_prevalence(model: ModelRun) -> str:
    share = look(model.entry, "test", "prevalence")
    return (
        f"; predictive values at a prevalence of {words.fixed(share)}"
        if number(share) is not None
        else ""
    )


def remarks(run: Run) -> Markup | None:
    """What a reader of the intervals must know."""
    found = [
        f"{split.title}: {look(model.entry, 'test', 'remark')}"
        for split in run.splits
        for model in split.models.values()
        if look(model.entry, "test", "remark")
    ]
    unique = list(dict.fromkeys(found))
    return listing(unique) if unique else None


def parts_table(run: Run) -> Markup:
    """Accuracy and loss on train, validate and test: what was learned, and what was learned by heart."""
    rows = [
        [name, split.title, *part_cells(split.models[name])]
        for name in run.model_names
        for split in run.splits
        if name in split.models
    ]
    header = ["model", "split", *PARTS, "guessing (test)"]
    return table("Accuracy at 0.5, and loss, on every part", header, rows, run.note, "numbers")


def part_cells(model: ModelRun) -> list:
    """Accuracy, below it the loss and the number of images, of each part; what guessing scores."""
    cells = []
    for part in PARTS:
        entry = look(model.entry, part)
        small = f"loss {words.fixed(look(entry, 'loss'))}, n = {words.count(look(entry, 'n'))}"
        cells.append(join([words.fixed(look(entry, "acc")), tag("br"), tag("small", small)]))
    return [*cells, words.fixed(chance(model))]


def meanings() -> list[Markup]:
    """The measures and the words of this page, for a reader who has never met them."""
    rows = [[title, what, guess] for title, what, guess in words.MEASURES.values()]
    terms = [
        item for term, what in words.GLOSSARY.items() for item in (tag("dt", term), tag("dd", what))
    ]
    return [
        tag("h3", "What the measures mean"),
        table("Measures in half a sentence each", ["measure", "means", "guessing gives"], rows),
        tag("h3", "Words"),
        tag("dl", *terms),
    ]
