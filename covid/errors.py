"""The one exception a user can cause: its text is the whole message the command line prints."""


class UserError(ValueError):
    """Bad input: a folder, image, model file or option that cannot be used.

    The text is one sentence that says which file or option, what was expected, what was
    found and what to do. The command line prints it and exits with code 2.
    """
