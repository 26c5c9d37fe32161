"""Remembers which files Gradio has stored for which visitor, and removes all others from requests.

Gradio opens the path, and fetches the address, of any object in a request that looks like one of its files. So a
request reaches it only with files that it has stored itself for the same visitor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .refusals import Refused

_MOST = 100_000  # remembered files; Gradio deletes them after an hour
_MOST_AT_ONCE = 1_000
_MARKS = frozenset({"path", "url", "_type"})  # by each of these some part of Gradio recognises its files


class ReceivedFiles:
    """The paths of stored files, by visitor. Not thread-safe: it is used in the event loop only."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str], None] = {}  # oldest first

    def add(self, visitor: str, paths: Iterable[str]) -> None:
        """Remember files that were stored for a visitor."""
        for path in paths:
            self._stored[visitor, path] = None
        while len(self._stored) > _MOST:
            del self._stored[next(iter(self._stored))]

    def take(self, visitor: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stored file of this visitor as Gradio describes it, and forget it. Raises Refused for any other."""
        path, name = sent.get("path"), sent.get("orig_name")
        if not isinstance(path, str) or (visitor, path) not in self._stored:
            raise Refused(400, "This file was not uploaded here: choose it again on the page.")
        del self._stored[visitor, path]
        return {
            "path": path,
            "orig_name": name if isinstance(name, str) else None,
            "meta": {"_type": "gradio.FileData"},
        }

    def admitted(self, visitor: str, request: dict[str, Any], places: Sequence[int] = ()) -> dict[str, Any]:
        """Return a request with files only at the given places of its data, and nothing of them but their paths.

        Raises Refused.
        """
        admitted = dict(request)
        if places:
            admitted["event_data"] = None  # the page repeats the files there, and nothing reads it
            data = admitted["data"] = list(request["data"]) if isinstance(request.get("data"), list) else []
            sent = {place: data[place] for place in places if place < len(data)}
            for place in sent:
                data[place] = None
        if _names_a_file(admitted):
            raise Refused(400, "The request names a file or an address: leave out path, url and _type.")
        for place in sent if places else ():
            data[place] = self._files(visitor, sent[place])
        return admitted

    def _files(self, visitor: str, sent: Any) -> Any:
        if sent is None:
            return None
        files = sent if isinstance(sent, list) else [sent]
        if len(files) > _MOST_AT_ONCE or not all(isinstance(file, dict) for file in files):
            raise Refused(
                400,
                f"The request contains no list of files: choose at most {_MOST_AT_ONCE:,} on the page.",
            )
        return [self.take(visitor, file) for file in files]


def _names_a_file(request: Any) -> bool:
    left = [request]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if not _MARKS.isdisjoint(value):
                return True
            left += value.values()
        elif isinstance(value, list):
            left += value
    return False
