"""The pictures of an article that the source pane shows, from the folder or an e-book, and the notes it links to."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Container
from dataclasses import dataclass
from functools import cached_property, partial
from urllib.parse import quote, unquote, urlsplit

from ...corpus.illustrations import has_parts
from ...engine import Engine
from ...formats.pictures import PlacedPicture
from ...text.document import Document
from ..rendering.html import no_pictures
from .originals import is_picture

ADDRESS = "articles/image"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where a browser finds a picture by the address that its article names, None for one that is not shown.

    `placed` are those that the text of the article does not name. `note` does the same for a note and its name.
    """

    url: Callable[[str], str | None] = no_pictures
    placed: tuple[PlacedPicture, ...] = ()
    note: Callable[[str], str | None] = no_pictures


NONE = Pictures()


def pictures_of(engine: Engine, document: Document) -> Pictures:
    """The pictures of an article that is in the index, and the notes that it names. Raises StoreError."""
    records = engine.generation.records
    named = _Named(document.path, records)
    url = partial(_part_url, document.path) if has_parts(document.path) else named.picture
    record = records.get(document.path)
    placed = () if record is None else engine.illustrations.placed(record, document)
    return Pictures(url, tuple(picture for picture in placed if url(picture.address) is not None), named.note)


def picture_urls(article: str, files: Container[str]) -> Callable[[str], str | None]:
    """Return what gives the address of a picture of an article, by the address that the article names.

    `files` are the paths of the index. It returns None for all that is no picture among them: nothing is loaded from
    elsewhere.
    """
    return partial(_url, posixpath.dirname(article), files)


class _Named:
    """The files of the index as an article names them: by address or, as in a vault, by name from anywhere.

    The names are read when the first is looked for.
    """

    def __init__(self, article: str, files: Collection[str]) -> None:
        self._folder, self._files = posixpath.dirname(article), files
        self._by_address = picture_urls(article, files)

    def picture(self, address: str) -> str | None:
        """The address of a picture."""
        if (url := self._by_address(address)) is not None or not is_picture(address):
            return url
        found = self._find(address)
        return None if found is None else f"{ADDRESS}?path={_quoted(found)}"

    def note(self, name: str) -> str | None:
        """The address, within the page, of a note."""
        found = self._find(name)
        return None if found is None else f"#/article/{quote(found, errors='replace')}"

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._files:
            name = path.rpartition("/")[2].casefold()
            for each in {name, name.removesuffix(".md")}:
                found.setdefault(each, []).append(path)
        return found

    def _find(self, name: str) -> str | None:
        """The file of this name, or whose path ends so: in the same folder, else the one with the shortest path."""
        wanted = name.strip().strip("/").casefold()
        known = self._by_name.get(wanted.rpartition("/")[2], []) if wanted else []
        end = f"/{wanted.removesuffix('.md')}"
        ends = [path for path in known if f"/{path.casefold()}".removesuffix(".md").endswith(end)]
        return min(ends, key=lambda path: (posixpath.dirname(path) != self._folder, len(path), path), default=None)


def _part_url(book: str, name: str) -> str | None:
    is_inside = not name.startswith(("/", "..")) and is_picture(name)
    return f"{ADDRESS}?path={_quoted(book)}&part={_quoted(name)}" if is_inside else None


def _url(folder: str, files: Container[str], address: str) -> str | None:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    named = unquote(parts.path).replace("\\", "/")
    if parts.scheme or parts.netloc or not is_picture(named):
        return None
    # What begins with a slash is meant from the root of a site: most often that is the folder of articles.
    path = posixpath.normpath(named.lstrip("/") if named.startswith("/") else posixpath.join(folder, named))
    return f"{ADDRESS}?path={_quoted(path)}" if path in files else None


def _quoted(path: str) -> str:
    return quote(path, safe="", errors="replace")
