"""Writes conflicts as text for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from ..check.report import plain, shortened
from .findings import Conflict, Conflicts, Said


def summary(found: Conflicts) -> str:
    """How many conflicts there are, and in how many statements, in one line."""
    number = len(found.conflicts)
    words = f"{number:,} conflict{'' if number == 1 else 's'}" if number else "No conflict"
    return f"{words} in {found.statements:,} statements that give a value"


def as_terminal(found: Conflicts) -> str:
    """Each conflict with both sentences, their dates and files, and how many there are."""
    lines: list[str] = []
    for conflict in found.conflicts:
        lines += [*_terminal_lines(conflict), ""]
    return "\n".join([*lines, summary(found)])


def as_markdown(found: Conflicts) -> str:
    """A report: a table for each conflict, with links to both articles."""
    lines = ["# Conflicts", "", summary(found), ""]
    for conflict in found.conflicts:
        values = " / ".join(plain(said.value) for said in conflict.said)
        lines += [f"## {values}", ""]
        for said in conflict.said:
            lines.append(
                f"- {_dated(said)}“{plain(said.text)}” [{plain(said.where)}](<{found.chat}{said.link}>) "
                f"({plain(said.document)}{_page(said)})"
            )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _terminal_lines(conflict: Conflict) -> Iterator[str]:
    yield " ≠ ".join(said.value for said in conflict.said)
    for said in conflict.said:
        yield f"    {_dated(said)}{shortened(said.text)}"
        yield f"        {said.where} ({said.document}{_page(said)})"


def _dated(said: Said) -> str:
    return f"{said.date}  " if said.date else ""


def _page(said: Said) -> str:
    return f", page {said.page}" if said.page else ""
