"""Reports that several test files read."""

import base64
import copy
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
import cv2
import jinja2
import numpy as np
import pytest
from page_runs import APART, HOSTILE, make_run, write_summary
from covid.cli import main
from covid.errors import UserError
from covid.page import write_page
from covid.page.formats import fixed, percent
from covid.page.pictures import LARGE, png_size, smaller
from covid.page.read_run import read_run
from covid.page.verdict import headline
from covid.page.write import environment
from covid.page.write import page as page_text

import json
from pathlib import Path

import pytest
from html_checker import Checker
from page_runs import HOSTILE, make_run

from covid.page import write_page


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
