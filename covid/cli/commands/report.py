"""`covid report`: the report of a finished run, written again."""

from covid.page.command import report

__all__ = ["report"]
