"""One file as it was in each state that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...errors import StoreError
from ..rows import MALFORMED
from ..states import State, Version
from .contents import Content, content_of, texts
from .generation import Generation
from .history import History


def versions_of(path: str, history: History, states: Sequence[State], current: Generation) -> tuple[Version, ...]:
    """The versions of a file, the oldest first; equal ones in a row count once. Raises StoreError."""
    found: list[Version] = []
    rows = history.versions(path)
    for first, last, _, content in rows:
        inside = [state for state in states if first <= int(state.generation) <= (last or 0)]
        if last is not None and inside:
            found.append(Version(inside[0].created, inside[-1].ended, _texts(content, path)))
    if path in current.records:
        begun = next((first for first, last, *_ in rows if last is None), 0)
        inside = [state for state in states if int(state.generation) >= begun]
        found.append(Version(inside[0].created, None, _texts(content_of(current, path), path)))
    joined: list[Version] = []
    for version in found:
        if joined and joined[-1].texts == version.texts and joined[-1].last == version.first:
            version = replace(version, first=joined.pop().first)
        joined.append(version)
    return tuple(joined)


def _texts(content: Content | None, path: str) -> tuple[tuple[str, str], ...]:
    try:
        return () if content is None else texts(content, path)
    except MALFORMED as error:
        raise StoreError(
            f"{path} as it was cannot be read (the history of the index is damaged): "
            "run `qa verify`, which keeps what is whole."
        ) from error
