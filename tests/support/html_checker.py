"""Reads a report, and complains of markup that is not sound."""

from html.parser import HTMLParser
from pathlib import Path

from page_runs import write_summary

from covid.report import write_page

VOID = {"img", "meta", "br", "line", "rect", "circle", "input"}


class Checker(HTMLParser):
    """Reads a page; complains of tags that do not match, and keeps what tests ask for."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        assert len(attributes) == len(dict(attributes)), (name, attributes)
        self.tags.append((name, dict(attributes)))
        if name not in VOID - {"line", "rect", "circle"}:
            self.open.append(name)
        if name == "tr":
            self.rows.append([])
        if name in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())

    def all(self, *names: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name in names]


def page_of(folder: Path, summary: dict) -> Checker:
    write_summary(folder, summary)
    return Checker(write_page(folder).read_text(encoding="utf-8"))
