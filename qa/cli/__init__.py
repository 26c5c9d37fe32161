"""The command line: `qa build`, `ask`, `status`, `verify`, `eval` and `serve`."""

from .commands import main, run

__all__ = ["main", "run"]
