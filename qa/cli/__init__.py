"""The command line: `qa build`, `ask`, `status`, `verify`, `eval` and `serve`."""

from .entry import main, run

__all__ = ["main", "run"]
