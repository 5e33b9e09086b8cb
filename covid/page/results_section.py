"""Results with intervals: the splits side by side, every measure, and what each one means."""

from covid.page import glossary as words
from covid.page.chart import accuracy_chart
from covid.page.markup import Markup, join, listing, paragraph, section, table, tag
from covid.page.run_data import Measure, ModelRun, Run, SplitRun
from covid.page.values import look, number
from covid.page.verdict import capital, chance, difference

PARTS = ("train", "validate", "test")


def results_section(run: Run) -> Markup:
    """Chart, differences, a table of measures for each model, all parts, the glossary."""
    parts: list = [accuracy_chart(run)]
    parts += [side_by_side(run), remarks(run)]  # what limits the intervals, before the many of them
    parts += [measures_table(run, name) for name in run.model_names]
    parts += [threshold_table(run), parts_table(run)]
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
    chosen = any(split.models[name].threshold is not None for split in splits)
    at = "at the chosen threshold" if chosen else "at 0.5"
    caption = f"{name}, test images, {at}: positive class {run.positive}"
    return table(caption, header, rows, run.note, "measures")


def has_measures(splits: list[SplitRun], name: str) -> bool:
    """Whether a model has more than the accuracy that every summary has."""
    models = [split.models[name] for split in splits if name in split.models]
    return any(isinstance(look(model.entry, "test", "measures"), dict) for model in models)


def cell(key: str, measure: Measure) -> Markup:
    """A number, below it its interval and how that was made; a reason where there is none."""
    if number(measure.value) is None:
        reason = words.NO_VALUE.get(key) if measure.given else "not in the summary"
        return join([words.DASH, tag("small", f" {reason}") if reason else None])
    parts = [tag("b", words.fixed(measure.value))]
    ends = words.between(measure.low, measure.high)
    method = f" ({measure.method})" if measure.method else ""
    parts.append(tag("small", f"{ends}{method}" if ends else "no interval"))
    by_group = words.between(measure.group_low, measure.group_high)
    if by_group:
        parts.append(tag("small", f"{by_group} by group"))
    return join(parts, " ")


def threshold_table(run: Run) -> Markup:
    """Where the thresholds come from, and for which prevalence the predictive values hold."""
    rows = []
    for name in run.model_names:
        for split in run.splits:
            model = split.models.get(name)
            if model is not None and model.threshold is not None:
                rows.append([name, split.title, *threshold_cells(model)])
    if not rows:
        return paragraph("An image is called positive where its probability is above 0.5.")
    header = ["model", "split", "threshold", "chosen on", "by", "prevalence for PPV and NPV"]
    return table("An image is called positive above a threshold", header, rows, run.note)


def threshold_cells(model: ModelRun) -> list[str]:
    """Value, the part it was chosen on, the rule, the prevalence."""
    chosen, rule = (look(model.entry, "threshold", key) for key in ("chosen_on", "method"))
    share = look(model.entry, "test", "prevalence")
    return [
        words.fixed(model.threshold),
        f"{chosen} images" if isinstance(chosen, str) else words.DASH,
        rule if isinstance(rule, str) else words.DASH,
        words.fixed(share, 2),
    ]


def remarks(run: Run) -> Markup | None:
    """What a reader of the intervals must know; once, where it holds for several splits."""
    found: dict[str, list[str]] = {}
    for split in run.splits:
        for model in split.models.values():
            remark = look(model.entry, "test", "remark")
            if isinstance(remark, str) and remark:
                found.setdefault(remark, []).append(split.title)
    if not found:
        return None
    return listing(
        f"{capital(words.listed(list(dict.fromkeys(titles))))}: {remark}"
        for remark, titles in found.items()
    )


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
    terms = [tag("div", tag("dt", term), tag("dd", what)) for term, what in words.GLOSSARY.items()]
    return [
        tag("h3", "What the measures mean"),
        table("Measures in half a sentence each", ["measure", "means", "guessing gives"], rows),
        tag("h3", "Words"),
        tag("dl", *terms, class_="words"),
    ]
