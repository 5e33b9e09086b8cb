"""The one exception a user can cause: its text is the whole message the command line prints."""


class UserError(ValueError):
    """Bad input: a folder, image, model file or option that cannot be used.

    The text is one sentence that says which file or option, what was expected, what was
    found and what to do. The command line prints it and exits with code 2.
    """


def shown(path) -> str:
    """A path as it can stand in a sentence: without line breaks and other control characters."""
    text = str(path)
    if text.isprintable():  # nearly all, and some are a megabyte long
        return text
    return "".join(
        c if c.isprintable() or "\ud800" <= c <= "\udfff" else ascii(c)[1:-1] for c in text
    )


def shortened(text, longest: int = 60) -> str:
    """The beginning of what somebody wrote, as a sentence can hold it."""
    text = str(text)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
