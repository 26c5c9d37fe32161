"""What belongs to a page: its title, and the addresses of the pictures and styles that it shows.

The page is only scanned for tags, by Python's own parser; its text is read where every file is, in the sandbox.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

from ..errors import ConfigError, FetchError
from .web import Found, Web, checked

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)
_LAZY = ("data-src", "data-original", "data-lazy-src")  # where pages keep a picture that is loaded on scrolling
_MOST_ADDRESSES = 1_000
MOST_PARTS = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A picture or style of a page, by the address that the page gives it."""

    address: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a page that were fetched, and for each that was not, why, in one sentence."""

    fetched: tuple[Part, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """The title of a page (empty if it has none), and the addresses of its styles and pictures in their order."""

    title: str
    addresses: tuple[str, ...]


def outline_of(found: Found, data: bytes) -> Outline:
    """Scan a page; addresses that are not of the web, such as `data:`, are left out."""
    declared = _CHARSET.search(data[:4_096])
    charset = found.charset or (declared[1].decode("ascii") if declared else "utf-8")
    try:
        text = data.decode(charset, "replace")
    except (LookupError, ValueError):  # none, or one such as IDNA that is not for texts
        text = data.decode("utf-8", "replace")
    scan = _Scan()
    scan.feed(text)
    base = urljoin(found.address, scan.base) if scan.base else found.address
    addresses: dict[str, None] = {}
    for given in scan.addresses[:_MOST_ADDRESSES]:
        try:
            addresses[checked(urljoin(base, given))] = None
        except (ConfigError, ValueError):
            continue
    return Outline(" ".join(scan.title.split()), tuple(addresses))


def fetched(web: Web, addresses: Sequence[str], most_bytes: int, seconds: float = 60.0) -> Parts:
    """Fetch the parts of a page, as many as the limits allow; what cannot be fetched is left out with its reason.

    No part is begun after `seconds`.
    """
    parts: list[Part] = []
    problems: list[str] = []
    left, end = most_bytes, time.monotonic() + seconds
    for number, address in enumerate(addresses):
        if number >= MOST_PARTS or time.monotonic() > end:
            limit = f"more than {MOST_PARTS}" if number >= MOST_PARTS else "that would take too long"
            problems.append(f"{len(addresses) - number} {limit} are left out.")
            break
        try:
            found, data = web.get(address, left)
        except FetchError as error:
            problems.append(str(error))
            continue
        if found.kind.startswith("image/") or found.kind == "text/css":
            parts.append(Part(address, found.kind, data))
            left -= len(data)
        else:
            problems.append(f"{address} is neither a picture nor a style, but {found.kind}.")
    return Parts(tuple(parts), tuple(problems))


class _Scan(HTMLParser):
    """Collects the title, the base and the addresses of styles and pictures."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = self.base = ""
        self.addresses: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "title" and not self.title:
            self._in_title = True
        elif tag == "base" and not self.base:
            self.base = given.get("href", "")
        elif tag == "link" and "stylesheet" in given.get("rel", "").lower().split():
            self._add(given.get("href", ""))
        elif tag == "img":
            lazy = next(filter(None, map(given.get, _LAZY)), "")
            source = given.get("src", "")
            self._add(lazy if lazy and (not source or source.startswith("data:")) else source)
            if not source and not lazy:
                self._add(given.get("srcset", "").split(",")[0].strip().partition(" ")[0])

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title and len(self.title) < 1_000:
            self.title += data

    def _add(self, address: str) -> None:
        if address.strip() and not address.startswith(("data:", "blob:", "#")):
            self.addresses.append(address.strip())
