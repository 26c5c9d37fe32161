"""Finds where the pictures of a web page or an e-book stand in its text, and reads those inside a saved page or a book.

The text of an article keeps no place for a picture, and its parser drops, moves and joins elements. So each picture is
placed by the letters around it; one whose letters are not in the text, or more than once, is left out.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]

from .archive_limits import local_name, read_entry, read_xml
from .decoding import Unreadable
from .pictures import PlacedPicture
from .web.blocks import Element
from .web.page import cleaned
from .web.saved import is_saved_page, saved_page

_MOST = 1_000  # pictures of an article
_LONGEST = 5_000_000  # characters of an article
_MAX_PAGE_BYTES, _MAX_PICTURE_BYTES = 8_000_000, 30_000_000
_AROUND = (60, 24)  # letters that are looked for, at first and if that many are not found
_FEWEST = 8  # letters that tell a place
_WORD = re.compile(r"[^\W\d_]+")  # without digits: the text numbers the items of lists
_GAP = "\n\n"  # between two blocks
_AWAY = {"nav", "footer", "aside"}  # what is shown beside an article
_PAGES = (".xhtml", ".html", ".htm")


def placed_pictures(data: bytes, text: str) -> list[PlacedPicture]:
    """The pictures of a web page or an e-book whose text this is, in order. Raises Unreadable, or Empty."""
    if len(text) > _LONGEST:
        return []
    letters = _Letters(text)
    found: list[PlacedPicture] = []
    for named, page in _pages(data):
        for picture in _pictures(page):
            at = letters.place(picture.before, picture.after)
            if at is not None:
                address, words = named(picture.address), picture.words
                words = "" if words and text.startswith(words, at) else words  # pandoc writes them into the text
                if address:
                    found.append(PlacedPicture(at, address, words))
        if len(found) >= _MOST:
            break
    return sorted(found[:_MOST], key=lambda picture: picture.at)


def contained_picture(data: bytes, name: str) -> bytes:
    """The bytes of a part of a saved page or an e-book, whatever they are. Raises Unreadable."""
    if is_saved_page(data):
        return saved_page(data).content(name)
    with _opened(data) as archive:
        try:
            return read_entry(archive, archive.getinfo(name), _MAX_PICTURE_BYTES)
        except KeyError as error:
            raise Unreadable("has no such picture: open the original") from error


# --- pages ------------------------------------------------------------------------------------------------------------


def _pages(data: bytes) -> Iterator[tuple[Callable[[str], str], Element]]:
    """The page, or those of an e-book in order, each with what gives a picture's name by its address on the page."""
    if is_saved_page(data):
        saved = saved_page(data)
        yield saved.picture, cleaned(saved.html, saved.charset)
        return
    if not data.startswith(b"PK"):
        yield str, cleaned(data)
        return
    with _opened(data) as archive:
        for name in _spine(archive):
            try:
                page = cleaned(read_entry(archive, archive.getinfo(name), _MAX_PAGE_BYTES))
            except (KeyError, ValueError):  # the others may be readable, and pandoc may have read even this one
                continue
            yield partial(_in_book, posixpath.dirname(name)), page


def _in_book(folder: str, address: str) -> str:
    """The name of a part of a book that a page in a folder gives this address."""
    return posixpath.normpath(posixpath.join(folder, unquote(address.partition("#")[0])))


def _opened(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise Unreadable("is damaged") from error


def _spine(archive: zipfile.ZipFile) -> list[str]:
    """The names of the pages of an e-book, in the order of reading; in that of their names if it does not say."""
    container = read_xml(archive, "META-INF/container.xml")
    named = [] if container is None else [element.get("full-path", "") for element in container.iter()]
    place = next(filter(None, named), "")
    package = read_xml(archive, place)
    if package is None:
        return sorted(name for name in archive.namelist() if PurePosixPath(name).suffix.lower() in _PAGES)
    parts = {one.get("id"): one.get("href", "") for one in package.iter() if local_name(one) == "item"}
    order = [parts.get(one.get("idref"), "") for one in package.iter() if local_name(one) == "itemref"]
    return [posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(href))) for href in order if href]


# --- pictures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture on a page, with the letters before and after it."""

    address: str
    words: str
    before: str
    after: str


def _pictures(page: Element) -> list[_Picture]:
    """The pictures of a page that name a file, in order."""
    parts: list[str] = []
    length = 0
    met: list[tuple[int, str, str]] = []
    for event, element in etree.iterwalk(page, events=("start", "end")):
        if event == "start" and element.tag == "img" and len(met) < _MOST and not _is_beside(element):
            address = _address(element)
            if address:
                met.append((length, address, " ".join(str(element.get("alt") or "").split())))
        letters = "".join(_WORD.findall((element.text if event == "start" else element.tail) or ""))
        parts.append(letters)
        length += len(letters)
    whole, most = "".join(parts), _AROUND[0]
    return [
        _Picture(address, words, whole[max(0, at - most) : at], whole[at : at + most]) for at, address, words in met
    ]


def _address(image: Element) -> str:
    """Where the file of a picture is; pages that load pictures late name it in attributes of their own."""
    named = [image.get(name) or "" for name in ("src", "data-src", "data-original", "data-lazy-src")]
    named.append((image.get("srcset") or image.get("data-srcset") or "").split(",")[0].strip().split(" ")[0])
    return next((address.strip() for address in named if address and not address.lstrip().startswith("data:")), "")


def _is_beside(image: Element) -> bool:
    """Whether a picture is part of the frame around an article, such as the mark of a site."""
    tags = [element.tag for element in image.iterancestors()]
    return not _AWAY.isdisjoint(tags) or ("header" in tags and "article" not in tags and "main" not in tags)


class _Letters:
    """The letters of a text without what is between its words, and where they are."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: list[int] = []  # of each word in the text
        self._starts: list[int] = []  # and among the letters
        parts: list[str] = []
        length = 0
        for word in _WORD.finditer(text):
            self._places.append(word.start())
            self._starts.append(length)
            parts.append(word[0])
            length += len(word[0])
        self._letters = "".join(parts)

    def place(self, before: str, after: str) -> int | None:
        """Where the block ends that ends with `before`, or else where the one begins that begins with `after`."""
        for size in _AROUND:
            at = self._only(before[-size:])
            if at is not None:
                gap = self._text.find(_GAP, self._at(at + len(before[-size:]) - 1))
                return len(self._text) if gap < 0 else gap + len(_GAP)
        for size in _AROUND:
            at = self._only(after[:size])
            if at is not None:
                gap = self._text.rfind(_GAP, 0, self._at(at) + 1)
                return 0 if gap < 0 else gap + len(_GAP)
        return None

    def _only(self, letters: str) -> int | None:
        """Where these letters are, if they are there once."""
        at = self._letters.find(letters) if len(letters) >= _FEWEST else -1
        return at if at >= 0 and self._letters.find(letters, at + 1) < 0 else None

    def _at(self, letter: int) -> int:
        """Where a letter is in the text."""
        word = bisect_right(self._starts, letter) - 1
        return self._places[word] + letter - self._starts[word]
