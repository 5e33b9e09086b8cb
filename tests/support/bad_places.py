"""Puts the files of `bad_images` into two class folders, with odd names, links, pipes and folders."""

import os
import socket
from pathlib import Path

from bad_images import READ, contents, encoded

POSITIVE, NEGATIVE = "Infected", "Not_Infected"
ODD_NAMES = (
    "with  spaces .png",
    "срез лёгкого.png",
    "폐_영상.png",
    "肺 CT 1.png",
    "🫁.png",
    "e\u0301.png",
    'quote\'s "name", comma.png',
    "line\nbreak.png",
    "100%1.png",
    "dots...png",
    "-option.png",
    "UPPER.PNG",
    f"{'long' * 62}.png",
)
NO_UTF8 = os.fsdecode(b"latin-\xe9.png")


def make(folder: Path) -> dict[Path, str]:
    """Make the class folders in `folder`; returns what must become of every file, by path.

    A folder that is not entered stands for all that is in it.
    """
    expected: dict[Path, str] = {}

    def put(path: Path, content: bytes, becomes: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        expected[path] = becomes
        return path

    one, other = folder / POSITIVE, folder / NEGATIVE
    for number, (name, (content, becomes)) in enumerate(contents().items()):
        put((one, other)[number % 2] / name, content, becomes)
    image = encoded(".png")
    for name in (*ODD_NAMES, *([NO_UTF8] if os.name == "posix" else [])):
        put(one / "names" / name, image, READ)
    put(one / "twice" / "gray.png", image, READ)  # in both classes
    put(other / "a" / "b" / "c" / "deep.png", image, READ)
    put(other / "folder.png" / "inside.png", image, READ)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._gray.png", ".hidden.png"):
        put(one / name, image, "hidden or system file")
    for name in (".cache", "__MACOSX"):
        put(one / name / "gray.png", image, "")
        del expected[one / name / "gray.png"]
        expected[one / name] = "hidden or system folder"
    if hasattr(os, "truncate"):
        os.truncate(put(other / "sparse.bmp", b"BM", "2000000000 bytes"), 2 * 10**9)
    put_special_files(one, other, put(folder / "outside" / "gray.png", image, READ), expected)
    del expected[folder / "outside" / "gray.png"]
    (folder / "outside").rename(folder / ".outside")
    return expected


def put_special_files(one: Path, other: Path, outside: Path, expected: dict[Path, str]) -> None:
    """Links, pipes, sockets; nothing where the system does not have them."""
    if os.name != "posix":
        return
    hidden = f"../.{outside.parent.name}/{outside.name}"
    links = {
        "link.png": ("gray.png", READ),
        "link out.png": (hidden, READ),
        "dangling.png": ("nowhere.png", "link to a file that does not exist"),
        "itself.png": ("itself.png", "cannot find the file"),
        "there.png": ("back.png", "cannot find the file"),
        "back.png": ("there.png", "cannot find the file"),
        "device.png": ("/dev/zero", "pipe or a device"),
        "up": ("..", "link to a folder"),
        "here": (".", "link to a folder"),
        "names again": ("names", "link to a folder"),
    }
    for name, (target, becomes) in links.items():
        (one / name).symlink_to(target)
        expected[one / name] = becomes
    os.mkfifo(other / "pipe.png")
    expected[other / "pipe.png"] = "pipe or a device"
    with socket.socket(socket.AF_UNIX) as server:
        before = os.getcwd()
        os.chdir(other)  # a socket's path must be short
        try:
            server.bind("socket.png")
        finally:
            os.chdir(before)
    expected[other / "socket.png"] = "pipe or a device"
