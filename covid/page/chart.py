"""The accuracies of all models with their intervals, as SVG inside the page.

All horizontal places are in per cent of the width, so letters keep their size on a phone.
"""

from covid.errors import shortened
from covid.page.glossary import fixed, in_words
from covid.page.markup import Markup, tag
from covid.page.run_data import Run
from covid.page.verdict import accuracies, chance

LEFT, WIDE = 2.0, 96.0  # where 0 is, and how far 1 is from it, in per cent of the width
NAME_HEIGHT, ROW_HEIGHT, BETWEEN, AXIS_HEIGHT = 24, 44, 12, 40
LONGEST = 34  # letters of a name: a drawing does not break lines, and a phone is narrow
MARKS = {"random": "circle", "group": "square"}


def accuracy_chart(run: Run) -> Markup | None:
    """Test accuracies, a row for each model and split; None where none is known."""
    rows, top = [], 4
    for name in run.model_names:
        models = [
            (split, split.models[name])
            for split in run.splits
            if name in split.models and accuracies([split.models[name]])
        ]
        if not models:
            continue
        rows.append(tag("text", shortened(name, LONGEST), x="0", y=top + 15, class_="name"))
        top += NAME_HEIGHT
        for split, model in models:
            rows.append(row(split.key, shortened(split.title, 24), model.measure("accuracy"), top))
            top += ROW_HEIGHT
        top += BETWEEN
    if not rows:
        return None
    guesses = [
        guess for s in run.splits for m in s.models.values() if (guess := chance(m)) is not None
    ]
    title = f"Test accuracy of each model with its 95 % interval; positive class: {run.positive}"
    # A list of the numbers: who cannot see the marks can read it.
    description = "; ".join(
        f"{name}, {split.title}: {in_words(split.models[name].measure('accuracy'))}"
        for name in run.model_names
        for split in run.splits
        if name in split.models
    )
    drawing = tag(
        "svg",
        tag("title", title, id="chart-title"),
        tag("desc", description, id="chart-numbers"),
        axis(top, max(guesses, default=None)),
        *rows,
        role="img",
        aria_labelledby="chart-title chart-numbers",
        width="100%",
        height=top + AXIS_HEIGHT,
        class_="chart",
    )
    ends = "The line is the 95 % interval, the wider one where there are two."
    small = tag("span", run.note, class_="note")
    return tag("figure", drawing, tag("figcaption", f"{title}. {ends} ", small), class_="drawn")


def place(value: float) -> str:
    """Where a value in [0, 1] is, in per cent of the width."""
    return f"{LEFT + WIDE * value:.3f}%"


def axis(bottom: int, guess: float | None) -> Markup:
    """The scale from 0 to 1 below all rows, and a line at what guessing scores."""
    parts = [tag("line", x1=place(0), x2=place(1), y1=bottom, y2=bottom, class_="axis")]
    for step in range(6):
        x = place(step / 5)
        parts.append(tag("line", x1=x, x2=x, y1="0", y2=bottom + 5, class_="grid"))
        anchor = {0: "start", 5: "end"}.get(step, "middle")
        parts.append(
            tag("text", fixed(step / 5, 1), x=x, y=bottom + 20, text_anchor=anchor, class_="tick")
        )
    if guess is not None:
        x, words = place(guess), f"guessing {fixed(guess, 2)}"
        parts.append(tag("line", x1=x, x2=x, y1="0", y2=bottom, class_="chance"))
        parts.append(tag("text", words, x=x, y=bottom + 36, text_anchor="middle", class_="tick"))
    return Markup("".join(parts))


def row(key: str, title: str, measure, top: int) -> Markup:
    """One split: its words and numbers, below them the interval as a line with a mark on it."""
    y = top + 28
    low, high = measure.widest
    parts = [tag("text", f"{title}: {in_words_short(measure)}", x="0", y=top + 13, class_="words")]
    if low is not None and high is not None:
        parts.append(tag("line", x1=place(low), x2=place(high), y1=y, y2=y, class_="interval"))
        for end in (low, high):
            parts.append(
                tag("line", x1=place(end), x2=place(end), y1=y - 6, y2=y + 6, class_="interval")
            )
    x = place(min(max(measure.value, 0), 1))
    if MARKS.get(key) == "square":
        # A place in per cent with a shape in pixels around it takes a drawing of its own.
        square = tag("rect", x="-6", y="-6", width="12", height="12")
        parts.append(tag("svg", square, x=x, y=y, overflow="visible"))
    else:
        parts.append(tag("circle", cx=x, cy=y, r="6.5"))
    return tag("g", Markup("".join(parts)), class_=f"split-{key if key in MARKS else 'other'}")


def in_words_short(measure) -> str:
    """0.998 (0.989 to 1.000)."""
    return in_words(measure).replace("95 % interval ", "")
