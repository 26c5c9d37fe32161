"""Measures how much of the text of each format is extracted, and how fast: `python -m benchmarks.formats`.

The files are those of tests/files, each with the source from which it was made. `--pages FOLDER` adds saved web pages
with references (benchmarks/pages.py describes the layout), `--files FOLDER` other real files. Writes docs/formats.md,
and keeps the sections that are not measured.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from benchmarks.common import ROOT, machine
from benchmarks.pages import read_pages
from benchmarks.real_files import read_files
from benchmarks.written import read_written
from qa.formats import parse

FILES = ROOT / "tests" / "files"
PAGE = ROOT / "docs" / "formats.md"
_WORD = re.compile(r"[^\W_]+")
_REPEATS = 3

_PAGES = """## Real web pages

Pages saved by browsers and crawlers, {date}: the halves of public sets that no threshold was tuned on. Recall and
precision are means over pages, of runs of four words (the measure of the article-extraction-benchmark), with their F1;
"words found" is the recall of single words. Repeat this with `python -m benchmarks.formats --pages FOLDER`.

"""
_REAL = """## Other real files

Test files of public projects, {date}; many are deliberately odd. Each is compared with an independent extraction:
`pdftotext` for PDF, without the lines that recur on half of the pages (running heads) and with the words whole that it
breaks at the ends of lines; the text runs of the file's XML for the others. Repeat this
with `python -m benchmarks.formats --files FOLDER`.

"""
_WRITTEN = """## Files that other programs wrote

Four chapters of a textbook ([collections](../benchmarks/collections/README.md)), {date}, written by pandoc, by
Python's own libraries and, as PDF, by Chromium; seconds of a busy machine. Words found: of those in pandoc's plain text of a
chapter. What pandoc wrote is often read by pandoc, so these figures say that nothing is lost on the way, not how files of
other programs are read. Spreadsheets, old binary files (`.doc`, `.ppt`, `.xls`, `.msg`), exports of chats, Confluence,
settings, logs and bibliographies are not in the table, since nothing else that writes or reads them is at hand: their tests
compare with what they made themselves. For images see [below](#text-in-images). Repeat this with
`python -m benchmarks.formats --written`.

"""


def main() -> int:
    """Measure every file and write the page; returns 1 if a born-digital file has less than .97 of its words."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="a folder of web pages with references")
    parser.add_argument("--written", action="store_true", help="also what other programs write")
    parser.add_argument("--files", type=Path, help="a folder of PDF and office files")
    options = parser.parse_args()
    rows = []
    for path in sorted(FILES.rglob("*")):
        reference = _reference(path)
        if reference is None:
            continue
        data = path.read_bytes()
        seconds = []
        for _ in range(_REPEATS):
            started = time.perf_counter()
            (document,) = parse(path.name, data).documents
            seconds.append(time.perf_counter() - started)
        rows.append((path, len(data), _recall(reference, f"{document.title} {document.text}"), min(seconds)))
    lines = [
        "# Formats",
        "",
        f"Written by `python -m benchmarks.formats` on {date.today().isoformat()} ({machine()}). Recall: the share of the",
        "words of the source that are in the text that was read. The files are small, so that most of the time of an",
        "office file is the start of the program that reads it.",
        "",
        "| file | kind | KB | words found | ms | s per MB |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for path, size, recall, seconds_ in rows:
        kind = path.suffix.lstrip(".")
        per_mb = seconds_ / size * 1e6
        lines.append(
            f"| {path.name} | {kind} | {size / 1e3:.0f} | {recall:.3f} | {1e3 * seconds_:.0f} | {per_mb:.1f} |"
        )
    pages = _section(_PAGES, read_pages(options.pages) if options.pages else None)
    real = _section(_REAL, read_files(options.files) if options.files else None)
    written = _section(_WRITTEN, read_written() if options.written else None)
    page = "\n".join(lines) + f"\n\n{pages}{real}{written}{_rest()}"
    PAGE.write_text(page, "utf-8")
    print(page)
    return 0 if rows and min(recall for _, _, recall, _ in rows) >= 0.97 else 1


def _section(head: str, lines: Iterator[str] | None) -> str:
    """A section of the page: measured now, or the existing one."""
    if lines is not None:
        return head.format(date=date.today().isoformat()) + "\n".join(lines) + "\n\n"
    title = head.splitlines()[0]
    match = re.search(rf"(?ms)^{title}$.*?(?=^## )", PAGE.read_text("utf-8")) if PAGE.exists() else None
    return match[0] if match else ""


def _rest() -> str:
    """The sections of the existing page that are not measured here."""
    parts = re.split(r"(?m)^(?=## )", PAGE.read_text("utf-8"))[1:] if PAGE.exists() else []
    measured = tuple(head.splitlines()[0] for head in (_PAGES, _REAL, _WRITTEN))
    return "".join(part for part in parts if not part.startswith(measured))


def _reference(path: Path) -> str | None:
    """The words of a file's source; None if it is not an article or has no source."""
    source = {".html": path.with_suffix(".txt"), ".pdf": path.with_suffix(".html")}.get(path.suffix)
    if path.parent.name == "office" and path.suffix != ".md":
        source = path.parent / ("slides.md" if path.stem == "slides" else "bees.md")
    if source is None or not source.exists() or (path.parent.name == "pdf" and path.suffix != ".pdf"):
        return None
    text = source.read_text("utf-8")
    return _html_words(text) if source.suffix == ".html" else _markdown_words(text) if source.suffix == ".md" else text


def _html_words(text: str) -> str:
    body = re.sub(r"(?s)<(style|script|title)\b.*?</\1>|<!--.*?-->", " ", text)
    return re.sub(r"<[^>]+>", " ", body).replace("&shy;", "").replace("&nbsp;", " ").replace("&amp;", "&")


def _markdown_words(text: str) -> str:
    text = re.sub(r"(?s)\A---\n.*?\n---\n", "", text)
    text = re.sub(r"\]\([^)]*\)|\{[^}]*\}|\[\^\w+\]|^:::.*$|<!--.*?-->", " ", text, flags=re.MULTILINE)
    return re.sub(r"^```.*$", " ", text, flags=re.MULTILINE)


def _recall(reference: str, text: str) -> float:
    wanted, actual = (Counter(word.lower() for word in _WORD.findall(part)) for part in (reference, text))
    total = sum(wanted.values())
    return sum((wanted & actual).values()) / total if total else 1.0


if __name__ == "__main__":
    sys.exit(main())
