"""The parser of one command. What cannot be read is answered in one line that names its help."""

import argparse
import difflib
import re
from argparse import Namespace
from collections.abc import Iterable

from covid.common.errors import shortened
from covid.common.screen import complain


class CommandParser(argparse.ArgumentParser):
    """Reads the options of one command.

    Attributes
    ----------
    summary : str
        What the command does, in a line of the list of commands.
    needs_images : bool
        Whether it cannot do without a folder of images (DIR or --data).
    """

    def __init__(self, prog: str, description: str, epilog: str, summary: str = ""):
        formatter = argparse.RawDescriptionHelpFormatter
        texts = {"description": description, "epilog": epilog}
        super().__init__(prog, formatter_class=formatter, allow_abbrev=False, **texts)
        self.summary, self.needs_images = summary, False
        self._negative_number_matcher = re.compile(r"-\.?\d")  # argparse's own: -600,1200, too

    def read(self, words: list[str]) -> Namespace:
        """The options among these words; `SystemExit` where they cannot be read."""
        known = self._option_string_actions  # argparse's own dict of them
        for word in words[: words.index("--") if "--" in words else None]:
            option = word.split("=")[0]
            short = option[:1] == "-" and option[1:2].isalpha()
            if option not in known and option.startswith("--") or short and option[:2] not in known:
                self.error(f"unknown option {shortened(option)}{did_you_mean(option, known)}")
        options, extra = self.parse_known_intermixed_args(words)
        if extra:
            self.error(f"unexpected {shortened(' '.join(extra))}; leave it out")
        if hasattr(options, "folder"):
            self.join_images(options)
        return options

    def join_images(self, options: Namespace) -> None:
        """DIR and --data mean the same: one `data` instead of both."""
        if options.folder is not None and options.data is not None:
            self.error("the images were named twice, as DIR and as --data; leave one out")
        options.data = options.data if options.folder is None else options.folder
        del options.folder
        if options.data is None and getattr(options, "labels", None) is not None:
            options.data = options.labels.parent
        if options.data is None and self.needs_images:
            self.error("expected a folder of images, as DIR or as --data DIR")

    def error(self, message: str):
        """End the process with one line, like all other errors of the program."""
        message = message.replace("ignored explicit argument", "expected no value, got")
        complain(self.prog, f"{message}; see `{self.prog} --help`")
        self.exit(2)


class ShowVersion(argparse.Action):
    """--version: print the version and end; `minicnn` is imported only then."""

    def __call__(self, parser, namespace, values, option_string=None):
        import minicnn

        print(f"{parser.prog} {minicnn.__version__}")
        parser.exit()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question to put behind an unknown word; empty where nothing is much like it."""
    begun = [one for one in known if one.startswith(word) and len(word) > len("--n")]
    close = begun or difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""
