"""The top of the page: the result in one sentence, what must be known beside it, what was done."""

from covid.page import glossary as words
from covid.page.markup import Markup, folded, join, listing, paragraph, section, table, tag
from covid.page.run_data import Run, SplitRun
from covid.page.values import look, number
from covid.page.verdict import capital, headline, warnings

STEPS = {
    "CLAHE and crop": "local contrast is raised (CLAHE), and the image is cut to the outline of "
    "the body",
    "no CLAHE, no crop": "images are taken as they are",
}


def header(run: Run) -> Markup:
    """Title, the sentence, the warnings, the banner."""
    kind = "Synthetic slices" if run.synthetic else "Lung-CT slices"
    banner = [
        tag("strong", "A teaching tool, not a medical device: not for diagnosis."),
        " The images are synthetic: made by a program, of nobody." if run.synthetic else None,
        " Positive class: ",
        tag("strong", run.positive),
        f"; the other class: {run.negative}.",
    ]
    return tag(
        "header",
        paragraph(f"{kind}: what a result is worth", class_="above"),
        tag("h1", f"{run.positive} or {run.negative}"),
        paragraph(headline(run), class_="sentence"),
        *(
            paragraph(text, class_="warning alarm" if alarm else "warning")
            for text, alarm in warnings(run)
        ),
        tag("p", join(banner), class_="banner", role="note"),
    )


def contents(entries: list[tuple[str, str]]) -> Markup:
    """Links to the sections."""
    links = [tag("a", title, href=f"#{name}") for name, title in entries]
    return tag("nav", listing(links), aria_label="Contents")


def what_was_done(run: Run) -> Markup:
    """Data, counts, preprocessing, models, recipe."""
    source = run.summary.get("source")
    made = "made by this run" if source == "made by this run" else f"read from {source}"
    said = [f"Images {made}" if source else "Where the images came from is not recorded"]
    groups = run.part("groups")
    if groups:
        known = number(groups.get("count"))
        how = "guessed from the pictures alone:" if run.guessed_groups else "known by"
        amount = "groups" if known is None else words.amount(known, "group")
        said.append(f"; {amount} {how} {groups.get('source', words.DASH)}")
    said.append(f". The folder names are the only truth there is: {run.positive} is 1, ")
    said.append(f"{run.negative} is 0.")
    parts = [paragraph(*said)]
    parts += [counts_table(run, split) for split in run.splits]
    remarks = list(dict.fromkeys(said for split in run.splits for said in remarks_of(split)))
    parts.append(listing(remarks) if remarks else None)
    if len(run.splits) == 1:
        only = run.splits[0]
        other = "slices split at random" if only.key == "group" else "patients kept apart"
        run.lacks(f"no result with {other}")
        parts.append(
            paragraph(f"Not here: a result with {other}, to compare with.", class_="missing")
        )
    parts += [model_table(run), recipe_table(run)]
    return section("done", "What was done", *parts)


def counts_table(run: Run, split: SplitRun) -> Markup | None:
    """How many images of each class are in each part."""
    rows = []
    data = look(split.entry, "data")
    for kind, entry in data.items() if isinstance(data, dict) else ():
        counts = look(entry, "counts")
        for part, classes in counts.items() if isinstance(counts, dict) else ():
            cells = [look(classes, name) for name in (run.positive, run.negative)]
            known = [number(cell) or 0 for cell in cells]
            share = known[0] / sum(known) if sum(known) else None
            title = f"{part} ({kind})" if len(data) > 1 else part
            rows.append([title, *map(words.count, cells), words.percent(share)])
    if not rows:
        run.lacks(f"no counts of the images, {split.title}")
        return paragraph(f"Not here: counts of the images, {split.title}.", class_="missing")
    header = ["part", run.positive, run.negative, f"share {run.positive}"]
    return table(f"Images, {split.title}", header, rows, run.note, "numbers")


def remarks_of(split: SplitRun) -> list[str]:
    """What is known of the images beside their counts."""
    together = look(split.entry, "kept_together") or look(split.entry, "group")
    kept = (
        f"{capital(split.title)}: no images that belong together, by {together}, are both in the "
        "test and among the images to learn from."
    )
    remarks = [kept] if together else []
    data = look(split.entry, "data")
    for entry in data.values() if isinstance(data, dict) else ():
        remarks.append(file_remark(entry))
        notes = look(entry, "notes")
        for note in notes if isinstance(notes, list) else ():
            remarks.append(f"{capital(split.title)}: {note}.")
    return [remark for remark in remarks if remark]


def file_remark(entry) -> str | None:
    """What became of the files: how many there were, how many could not be used."""
    files = look(entry, "files")
    total = number(look(files, "total"))
    if total is None:
        return None
    used = sum(number(look(files, key)) or 0 for key in ("kept", "no_contour_kept"))
    text = f"{words.amount(total, 'file')}, {words.count(used)} used"
    for key, meaning in (
        ("no_contour_kept", "kept whole, because the crop found no outline"),
        ("no_contour_dropped", "dropped, because the crop found no outline"),
        ("unreadable", "not readable"),
        ("skipped", "skipped"),
    ):
        if number(look(files, key)):
            text += f"; {words.count(look(files, key))} {meaning}"
    return f"{text}. Prepared: {STEPS[prepared(look(entry, 'enhanced'))]}."


def prepared(enhanced) -> str:
    return "CLAHE and crop" if enhanced else "no CLAHE, no crop"


def model_table(run: Run) -> Markup:
    """Models: size, and how long they were trained on each split."""
    rows = []
    for name in run.model_names:
        for split in run.splits:
            entry = split.models[name].entry if name in split.models else {}
            epochs, best = look(entry, "epochs"), look(entry, "best_epoch")
            kept = f"{words.count(epochs)}, epoch {best} kept" if best else words.count(epochs)
            rows.append([name, split.title, words.count(look(entry, "params")), kept])
    return table("Models", ["model", "split", "parameters", "epochs"], rows)


def recipe_table(run: Run) -> Markup | None:
    """The settings of each model's training."""
    recipes = run.summary.get("recipes")
    known = recipes if isinstance(recipes, dict) else {}
    names = [name for name in run.model_names if isinstance(known.get(name), dict)]
    if not names:
        run.lacks("no settings of the training")
        return paragraph("Not here: the settings of the training.", class_="missing")
    settings = list(dict.fromkeys(key for name in names for key in known[name]))
    rows = [
        [key.replace("_", " "), *(setting(known[name].get(key)) for name in names)]
        for key in settings
    ]
    caption = f"Recipe of each model: {run.summary.get('recipe', words.DASH)}"
    recipe = table(caption, ["setting", *names], rows)
    return folded(f"All {len(rows)} settings of the training", recipe)


def setting(value) -> str:
    """A setting as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        pairs = [f"{key.replace('_', ' ')} {setting(inner)}" for key, inner in value.items()]
        return ", ".join(pairs) or "none"
    if isinstance(value, list):
        return " / ".join(map(setting, value))
    return words.DASH if value is None else str(value)
