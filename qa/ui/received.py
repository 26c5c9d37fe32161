"""Files that gradio has stored for a visitor, and the one place of a request where they may be named.

gradio opens the path, and fetches the address, of any object in a request that looks like one of its files. So a
request is handed to it without any, but those that it stored itself for the same visitor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .refusals import Refused

_MOST = 100_000  # that are remembered; gradio deletes what lies for an hour
_MOST_AT_ONCE = 1_000
_MARKS = frozenset({"path", "url", "_type"})  # each is read by some part of gradio to tell its files by


class Received:
    """Which paths were handed out, and to whom. It lives in the event loop."""

    def __init__(self) -> None:
        self._handed_out: dict[tuple[str, str], None] = {}  # the oldest first

    def add(self, visitor: str, paths: Iterable[str]) -> None:
        for path in paths:
            self._handed_out[visitor, path] = None
        while len(self._handed_out) > _MOST:
            del self._handed_out[next(iter(self._handed_out))]

    def take(self, visitor: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """The file that was stored for this visitor, as gradio describes it: once. Raises Refused for any other."""
        path, name = sent.get("path"), sent.get("orig_name")
        if not isinstance(path, str) or (visitor, path) not in self._handed_out:
            raise Refused(400, "This is no file that was sent here: choose it again on the page.")
        del self._handed_out[visitor, path]
        return {
            "path": path,
            "orig_name": name if isinstance(name, str) else None,
            "meta": {"_type": "gradio.FileData"},
        }

    def admitted(self, visitor: str, request: dict[str, Any], places: Sequence[int] = ()) -> dict[str, Any]:
        """The request as gradio may have it: files at those places of its data alone, and nothing of them but the path.

        Raises Refused.
        """
        admitted = dict(request)
        if places:
            admitted["event_data"] = None  # the page repeats the files there, and nobody reads it
            data = admitted["data"] = list(request["data"]) if isinstance(request.get("data"), list) else []
            sent = {place: data[place] for place in places if place < len(data)}
            for place in sent:
                data[place] = None
        if _names_a_file(admitted):
            raise Refused(400, "The request names a file or an address: leave path, url and _type out.")
        for place in sent if places else ():
            data[place] = self._files(visitor, sent[place])
        return admitted

    def _files(self, visitor: str, sent: Any) -> Any:
        if sent is None:
            return None
        files = sent if isinstance(sent, list) else [sent]
        if len(files) > _MOST_AT_ONCE or not all(isinstance(file, dict) for file in files):
            raise Refused(400, f"These are no files: send at most {_MOST_AT_ONCE:,} that were chosen on the page.")
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
