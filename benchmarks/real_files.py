"""Measures how much of real PDF and office files is extracted, compared with an independent extraction.

That is poppler's `pdftotext` for PDF, without lines that recur on half of the pages, and the text runs in the file's
XML for the others. The files of a folder are one set; they are not copied.
"""

from __future__ import annotations

import io
import posixpath
import re
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]

from qa.formats import parse
from qa.formats.decoding import Empty, Unreadable

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_BROKEN = re.compile("[-\u2010\u00ad]\\s*\n\\s*")
_PARTS = {
    ".docx": re.compile(r"word/(?:document|footnotes|endnotes)\d*\.xml"),
    ".pptx": re.compile(r"ppt/slides/slide\d+\.xml"),
    ".odt": re.compile(r"content\.xml"),
}
_RUNS = {".docx": {"t"}, ".pptx": {"t"}}  # the elements that contain text; in OpenDocument all do
_ENDS = {"p", "h", "br", "tab", "tc", "s", "line-break", "table-cell"}
_NO_TEXT = {"annotation", "tracked-changes", "object", "forms", "automatic-styles", "script", "style", "head"}
_LEAST = 20  # words: in a shorter file, a single word matters too much


def read_files(folder: Path) -> Iterator[str]:
    """The lines of a table with a row for each format, and a list of the reasons why files were not read."""
    yield "| format | files | read | measured | words found | … of the worst | at least .97 | s per MB |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    reasons: dict[str, Counter[str]] = {}
    for form in (".pdf", *_PARTS, ".epub"):
        files = [path for path in sorted(folder.rglob(f"*{form}")) if path.is_file()]
        recalls, seconds, size = [], 0.0, 0
        reasons[form] = Counter()
        for path in files:
            data = path.read_bytes()
            started = time.perf_counter()
            try:
                document = parse(path.name, data).documents[0]
            except (Empty, Unreadable) as error:
                reasons[form][str(error)] += 1
                continue
            finally:
                seconds, size = seconds + time.perf_counter() - started, size + len(data)
            wanted, actual = _words(_reading(path, data)), _words(f"{document.title} {document.text}")
            if wanted.total() >= _LEAST:
                recalls.append((wanted & actual).total() / wanted.total())
        if recalls:
            read = len(files) - reasons[form].total()
            yield (
                f"| {form[1:]} | {len(files)} | {read} | {len(recalls)} | {mean(recalls):.3f}"
                f" | {min(recalls):.3f} | {sum(recall >= 0.97 for recall in recalls)} | {seconds / size * 1e6:.1f} |"
            )
    yield ""
    for form, counts in reasons.items():
        for reason, count in counts.most_common():
            yield f"- {count} {form[1:]} file{'s' * (count > 1)}: {reason}"


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.replace("\u00ad", "").casefold()))


def _reading(path: Path, data: bytes) -> str:
    form = path.suffix
    if form == ".pdf":
        shown = subprocess.run(["pdftotext", "-q", str(path), "-"], capture_output=True, timeout=60).stdout
        return _without_running(shown.decode("utf-8", "replace"))
    archive = zipfile.ZipFile(io.BytesIO(data))
    if form == ".epub":
        return "\n".join(
            _text(archive.read(name), None, etree.HTMLParser(encoding="utf-8")) for name in _spine(archive)
        )
    names = [name for name in archive.namelist() if _PARTS[form].fullmatch(name)]
    return "\n".join(_text(archive.read(name), _RUNS.get(form), etree.XMLParser(recover=True)) for name in names)


def _without_running(text: str) -> str:
    """A text without the lines that recur on half of its pages, apart from digits, and with broken words whole."""
    pages = [page.splitlines() for page in text.split("\f") if page.strip()]
    keys = [[_DIGITS.sub("#", line.strip().casefold()) for line in page] for page in pages]
    counts = Counter(key for page in keys for key in set(page))
    kept = [
        line
        for page, page_keys in zip(pages, keys, strict=True)
        for line, key in zip(page, page_keys, strict=True)
        if counts[key] < max(2, len(pages) / 2)
    ]
    return _BROKEN.sub("", "\n".join(kept))


def _spine(archive: zipfile.ZipFile) -> Iterator[str]:
    """The chapters in order, without the book's table of contents."""
    package = next(name for name in archive.namelist() if name.endswith(".opf"))
    root = etree.fromstring(archive.read(package))
    items = {item.get("id"): item for item in root.iter("{*}item")}
    for reference in root.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or "nav" in item.get("properties", ""):
            continue
        name = posixpath.normpath(posixpath.join(posixpath.dirname(package), unquote(item.get("href"))))
        if name in archive.namelist():
            yield name


def _text(data: bytes, runs: set[str] | None, parser: etree.XMLParser | etree.HTMLParser) -> str:
    pieces: list[str] = []

    def read(element: etree._Element) -> None:
        name = re.split("[:}]", element.tag)[-1] if isinstance(element.tag, str) else ""
        if name and name not in _NO_TEXT:
            inside = runs is None or name in runs
            pieces.append("\n" if name in _ENDS else "")
            pieces.append(element.text or "" if inside else "")
            for child in element:
                read(child)
                pieces.append(child.tail or "" if inside else "")
            pieces.append("\n" if name in _ENDS else "")

    root = etree.fromstring(data, parser)
    if root is not None:
        read(root)
    return "".join(pieces)
