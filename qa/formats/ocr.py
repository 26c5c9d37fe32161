"""Reads text from a picture with Tesseract, on this machine: words with their places, and how certain each is.

Tesseract comes with the extra `[ocr]`; `is_installed` says whether it is there.
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import numpy as np
from PIL import Image, ImageFilter

from .read_page import CERTAIN, ReadPage, ReadWord, page_from_json, turned

_METHOD = 1  # incremented when other words are read with the same constants: pages that are kept are read again
MAX_PAGES = 500  # that are read from images in one file
_PAGE_MILLISECONDS = 15_000
_MAX_SLOW_PAGES = 3  # pages of one file that take longer: after them, its pages are no longer read
_SYSTEM_FOLDERS = ("/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata")
_PACKAGED = ("eng", "deu")
_MAX_FURTHER = 3  # languages of the system that are used without being named: each makes a page slower

_LONG_SIDE = 4_000  # pixels of the picture that is read
_ROW_HEIGHT = 32.0  # pixels that a row of text is enlarged to if it has less than _MIN_ROW_HEIGHT
_MIN_ROW_HEIGHT = 20.0
_MAX_ENLARGEMENT = 3.0
_SKEWS = range(-15, 16)  # degrees
_MIN_SKEW = 0.3
_SKEW_SIDE, _CONTRAST = 1_000, 25  # pixels of the picture that is examined, and levels of grey that make a pixel dark
_MIN_SKEW_PIXELS, _MAX_SKEW_PIXELS = 200, 40_000
_UPRIGHT = 0.7  # the mean certainty above which a page is surely not upside down
_UNCERTAIN = 0.3  # a word below this is left out
_MIN_LINE, _MIN_PAGE = 0.5, 0.7  # the mean certainty of a line of text, and the share of certain words of a page
_SAME_SIZE = 0.12  # rows whose heights differ by less have the same font size


# --- pages of one file ------------------------------------------------------------------------------------------------


class Reading(Protocol):
    """What becomes of the pages of one file that are read from images."""

    def recall(self, picture: str) -> Any:
        """The JSON value of the page with this picture (a hash) if it was read before with these settings."""
        ...

    def done(self, picture: str, page: ReadPage, is_new: bool) -> None:
        """Note a page that was read, or recalled if it is not new."""
        ...


class _Count:
    """Counts the pages of one file that are read from images."""

    def __init__(self, pages: Reading | None) -> None:
        self.pages = pages
        self.read = self.slow = 0

    @property
    def is_over(self) -> bool:
        """Whether no further page of the file is read."""
        return self.read >= MAX_PAGES or self.slow >= _MAX_SLOW_PAGES


_reading: ContextVar[_Count | None] = ContextVar("reading", default=None)


@contextmanager
def reading(pages: Reading | None = None) -> Iterator[None]:
    """Count the pages of the file that is parsed in this context, and stop reading images after MAX_PAGES."""
    token = _reading.set(_Count(pages))
    try:
        yield
    finally:
        _reading.reset(token)


def may_read() -> bool:
    """Whether the next page of this file is read: Tesseract is installed and the file is within its limits."""
    counted = _reading.get()
    return is_installed() and not (counted and counted.is_over)


# --- languages --------------------------------------------------------------------------------------------------------


def is_installed() -> bool:
    """Whether pictures can be read: Tesseract and the data of a language are installed."""
    return find_spec("tesserocr") is not None and bool(languages())


@cache
def languages() -> tuple[str, ...]:
    """The languages that are read, as Tesseract names them: QA_OCR_LANGUAGES, or English, German and the system's own.

    If the system has more than three others, they are only used if they are named.
    """
    available = _data_files()
    wanted = [name for name in os.environ.get("QA_OCR_LANGUAGES", "").replace(",", "+").split("+") if name]
    if wanted:
        return tuple(name for name in dict.fromkeys(wanted) if name in available)
    packaged = tuple(name for name in _PACKAGED if name in available)
    further = sorted(name for name in available if name not in (*_PACKAGED, "osd", "equ", "snum"))
    return packaged + (tuple(further) if len(further) <= _MAX_FURTHER else ())


def _data_files() -> dict[str, Path]:
    """The data of every installed language: of the packages, of TESSDATA_PREFIX and of the system."""
    folders = [Path(sys.prefix, "share/tessdata")]
    if prefix := os.environ.get("TESSDATA_PREFIX"):
        folders = [Path(prefix), Path(prefix, "tessdata"), *folders]
    for pattern in _SYSTEM_FOLDERS:
        folders += sorted(Path("/").glob(pattern[1:]), reverse=True)
    found: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.traineddata")):
            found.setdefault(file.name.partition(".")[0], file)
    return found


@cache
def _engine() -> Any:
    os.environ["OMP_THREAD_LIMIT"] = "1"  # Tesseract's threads cost more time than they save
    import tesserocr

    files = _data_files()
    folder = files[languages()[0]].parent
    # Tesseract takes one folder of data: the others are reached from it by relative names.
    names = [os.path.relpath(files[name], folder).removesuffix(".traineddata") for name in languages()]
    return tesserocr.PyTessBaseAPI(path=str(folder), lang="+".join(names), psm=tesserocr.PSM.AUTO)


# --- reading ----------------------------------------------------------------------------------------------------------


def read_picture(image: Image.Image) -> ReadPage:
    """The words of a picture (any mode, the right way up or turned); `may_read` must be true.

    Photos and drawings without text have no words.
    """
    image, counted = image.convert("L"), _reading.get()
    pages = counted.pages if counted else None
    picture = _picture_key(image) if pages else ""
    known = page_from_json(pages.recall(picture)) if pages else None
    page = known or _read(image)
    if counted:
        counted.read += 1
        counted.slow += page.slow
    if pages:
        pages.done(picture, page, known is None)
    return page


def _picture_key(image: Image.Image) -> str:
    """A hash of a picture and of all that decides what is read from it."""
    size = f"{image.width} {image.height}".encode()
    return hashlib.sha256(b"\0".join((_settings(), size, image.tobytes()))).hexdigest()


@cache
def _settings() -> bytes:
    """The version of Tesseract, the data of its languages, and the constants of this module."""
    import tesserocr

    files = _data_files()
    data = [(name, hashlib.sha256(files[name].read_bytes()).hexdigest()) for name in languages()]
    constants = sorted((name, repr(value)) for name, value in globals().items() if name.lstrip("_").isupper())
    return repr((tesserocr.tesseract_version(), data, constants)).encode()


def _read(image: Image.Image) -> ReadPage:
    scale = min(1.0, _LONG_SIDE / max(image.size))
    first = _scaled(image, scale)
    level, upended = _skews(first)
    lines = _lines(turned(first, 0, level))
    sideways = sum(width > 2 * height for width, height in lines) <= len(lines) / 2
    if sideways:
        lines = _lines(turned(first, 90, upended)) or lines
    if not lines:
        return ReadPage((), *image.size)
    row_height = median(height for _, height in lines)
    if row_height < _MIN_ROW_HEIGHT:
        scale *= min(_MAX_ENLARGEMENT, _ROW_HEIGHT / max(1.0, row_height))
    scale = min(scale, _LONG_SIDE / max(image.size))
    scaled = _scaled(image, scale)
    best, best_certainty = ReadPage((), *image.size), 0.0
    for turn in (90, 270) if sideways else (0, 180):
        skew = upended if turn in (90, 270) else level
        page = _recognise(turned(scaled, turn, skew), turn, skew)
        certainty = _mean(page.words) if page.words else 0.0
        if certainty >= best_certainty:
            best, best_certainty = page, certainty
        if page.slow or best_certainty >= _UPRIGHT:
            break
    return replace(_without_noise(best), scale=scale)


def _skews(image: Image.Image) -> tuple[float, float]:
    """The angle that makes lines of text level, in degrees anticlockwise; and that which makes sideways ones upright.

    Level lines leave the rows between them empty, so the counts of dark pixels by row differ most.
    """
    small = _scaled(image, min(1.0, _SKEW_SIDE / max(image.size)))
    contrast = np.asarray(small, dtype=np.int16) - np.asarray(small.filter(ImageFilter.BoxBlur(12)), dtype=np.int16)
    down, across = np.nonzero(np.abs(contrast) > _CONTRAST)
    if len(down) < _MIN_SKEW_PIXELS:
        return 0.0, 0.0
    step = max(1, len(down) // _MAX_SKEW_PIXELS)
    down, across = down[::step].astype(np.float32), across[::step].astype(np.float32)

    def score(angle: float, sideways: bool) -> float:
        turn = np.float32(math.radians(angle))
        # Turning anticlockwise moves the right side up.
        rows = across * np.cos(turn) + down * np.sin(turn) if sideways else down * np.cos(turn) - across * np.sin(turn)
        counts = np.bincount((rows - rows.min()).astype(np.int32)).astype(np.float64)
        return float(np.square(np.diff(counts)).sum())

    def best(sideways: bool) -> float:
        coarse = max((float(angle) for angle in _SKEWS), key=lambda angle: score(angle, sideways))
        angle = max((coarse + tenth / 10 for tenth in range(-9, 10)), key=lambda angle: score(angle, sideways))
        return round(angle, 1) if abs(angle) >= _MIN_SKEW else 0.0

    return best(False), best(True)


def _lines(image: Image.Image) -> list[tuple[int, int]]:
    """The width and height of each line of text, or of what looks like one, in pixels."""
    import tesserocr

    engine, level = _engine(), tesserocr.RIL.TEXTLINE
    engine.SetImage(image)
    layout = engine.AnalyseLayout()
    lines = []
    while layout is not None:
        if box := layout.BoundingBox(level):
            lines.append((box[2] - box[0], box[3] - box[1]))
        if not layout.Next(level):
            break
    return lines


def _recognise(image: Image.Image, turn: int, skew: float) -> ReadPage:
    import tesserocr

    engine, level = _engine(), tesserocr.RIL.WORD
    engine.SetImage(image)
    in_time = engine.Recognize(_PAGE_MILLISECONDS)
    words: list[ReadWord] = []
    found = engine.GetIterator() if in_time else None
    while found is not None and not found.Empty(level):
        text, box = found.GetUTF8Text(level).strip(), found.BoundingBox(level)
        row, baseline = found.RowAttributes(), found.Baseline(tesserocr.RIL.TEXTLINE)
        if text and box:
            # All words of a row get its height: their own depend on their letters.
            bottom = _at(baseline, (box[0] + box[2]) / 2, box[3]) - row["descenders"]
            height = max(4.0, row["row_height"])
            certainty = found.Confidence(level) / 100
            words.append(ReadWord(text, box[0], bottom - height, box[2], bottom, height, certainty))
        if not found.Next(level):
            break
    engine.Clear()
    return ReadPage(tuple(words), *image.size, turn, skew, slow=not in_time)


def _at(baseline: Any, x: float, otherwise: float) -> float:
    """The height of a row's base line at `x`."""
    if not baseline:
        return otherwise
    (x0, y0), (x1, y1) = baseline
    return float(y0 + (y1 - y0) * (x - x0) / (x1 - x0)) if x1 > x0 else otherwise


def _without_noise(page: ReadPage) -> ReadPage:
    """The page without what is not text: words and lines of which little is certain, or all of them."""
    lines: dict[tuple[float, float], list[ReadWord]] = {}
    for word in page.words:
        lines.setdefault((round(word.bottom), word.height), []).append(word)
    kept = [
        word
        for word in page.words
        if word.certainty >= _UNCERTAIN and _mean(lines[round(word.bottom), word.height]) >= _MIN_LINE
    ]
    words = tuple(_with_sizes(kept)) if _is_text(kept) else ()
    return replace(page, words=words)


def _mean(words: Sequence[ReadWord]) -> float:
    return sum(word.certainty for word in words) / len(words)


def _is_text(words: Sequence[ReadWord]) -> bool:
    """Whether the words are text, and not patterns of a photo that look like letters."""
    certain = [word for word in words if word.certainty >= CERTAIN]
    letters = sum(sum(map(str.isalnum, word.text)) > 1 for word in certain)
    return len(certain) >= _MIN_PAGE * len(words) and letters >= max(1, len(certain) / 3)


def _with_sizes(words: Sequence[ReadWord]) -> Iterator[ReadWord]:
    """Yield the words, with one height for all rows that are about as high as most of the text."""
    heights = sorted(word.height for word in words for _ in word.text)
    usual = heights[len(heights) // 2]
    for word in words:
        height = usual if abs(word.height / usual - 1) < _SAME_SIZE else word.height
        yield ReadWord(word.text, word.left, word.bottom - height, word.right, word.bottom, height, word.certainty)


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    if abs(scale - 1) < 0.01:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)
