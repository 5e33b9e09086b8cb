"""Reports that several test files read."""

import json
from pathlib import Path

import pytest
from html_checker import Checker
from page_runs import HOSTILE, make_run

from covid.report import write_page


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "results"
    make_run(folder)
    return folder


@pytest.fixture(scope="module")
def summary(run_folder) -> dict:
    return json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(run_folder) -> Checker:
    return Checker(write_page(run_folder).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Checker:
    """Names that are markup, quotes, formats, line breaks, no text, backwards."""
    folder = tmp_path_factory.mktemp("runs") / "hostile"
    make_run(
        folder,
        classes=(HOSTILE, "100 % \" ' --> </style>"),
        models=("<b onclick='x'>%s&\"\udcff",),
        file_name="{patient}" + HOSTILE,
    )
    return Checker(write_page(folder).read_text(encoding="utf-8"))
