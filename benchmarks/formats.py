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
from qa.formats import parse

FILES = ROOT / "tests" / "files"
PAGE = ROOT / "docs" / "formats.md"
_WORD = re.compile(r"[^\W_]+")
_REPEATS = 3

_NOT_SUPPORTED = """
## Not supported

- **PDF**: images of text (no character recognition), forms of Adobe LiveCycle (XFA). Text that is rotated relative to most of
  its page is dropped if it is less than three lines (stamps, axes of charts) or not at a right angle; notes in the margin that
  are as large as the text beside them are read as a column; numbers of lines beside two columns stay; code loses its line breaks; tables with wrapped prose in their cells become paragraphs; a heading
  across some of four or more columns can stand in the wrong place; notes at the foot of a page
  that are neither smaller nor below a rule are read as text; right-to-left scripts have basic support. Fields of a form are read beside their labels only on a page
  that is not rotated. Comments follow the text of their page ("Comment by Ada: …"). The page is shown as a picture with the
  quoted words marked, without comments. If none of the words can be located on the page with certainty, the text is shown
  instead.
- **Running heads of PDF** are always left out. In a file of two or three pages, that can be a letterhead or the head of an
  invoice that occurs nowhere else.
- **Web pages**: pages that a script builds in the browser, and framesets. Captions and standfirsts are kept, and sometimes
  teasers of other articles. Captions of a photo gallery can occur twice. Above 30,000 elements, a page is read without
  choosing the main article. Lists that contain code or tables become paragraphs.
- **Word, OpenDocument, RTF**: page headers, footers, comments and text boxes; formulas in OpenDocument; old `.doc` and `.ppt`.
- **PowerPoint**: text in slides with formulas; bullet points become paragraphs.
- **EPUB**: chapters without a heading of their own get none.
- **JSON, JSON Lines, CSV**: a list of records nested deeper than under one name; a text that is an object; a table
  without a header; more than 100,000 records per file.
- **Zip**: archives in archives; entries over 20 MB; more than 10,000 entries, 300 MB or 50 million characters;
  compression methods other than deflate. The limits of one file apply to everything in an archive together.

Password-protected files are listed as `failed (locked)`, PDF files without text as `empty (looks scanned)`, and
of other PDF files the pages that could not be read. Every file is
parsed and split into passages in a separate process with 60 seconds (and four more for each megabyte) and 2 GB (and 8 MB
for each megabyte above 100 that `QA_MAX_FILE_MB` allows). Files that need more are listed as failed, and so are files with
more than 300,000 headings. No passage is longer than 4,000 characters. A `data:` address of a hundred characters or more
is in no passage; in web pages and office documents it is not part of the text at all.
"""

_PAGES = """## Real web pages

Pages saved by browsers and crawlers, {date}: the halves of public sets that no threshold was tuned on. Recall and
precision are means over pages, of runs of four words (the measure of the article-extraction-benchmark), with their F1;
"words found" is the recall of single words. Repeat this with `python -m benchmarks.formats --pages FOLDER`.

"""
_REAL = """## Other real files

Test files of public projects, {date}; many are deliberately odd. Each is compared with an independent extraction:
`pdftotext` for PDF, the text runs of the file's XML for the others. What only pdftotext finds
is mostly running heads and page numbers. Repeat this with `python -m benchmarks.formats --files FOLDER`.

"""

_HOSTILE = """## Hostile files and fuzzing

`tests/files/make_hostile.py` writes some 260 broken or malicious files (bombs, endless loops, entities, links out of the
folder, names with a special meaning elsewhere). `tests/whole/test_hostile.py` builds an index over them and checks that
each has its status and reason, that the good articles among them answer, and that nothing else is read, written or left
running.

`python -m tests.fuzz` parses damaged real files and documents assembled from a format's pieces. A failure is an input that
ends the process, raises an unexpected error, takes more than ten seconds of processor time, or gives a document with
wrong spans. All failures found were fixed; these are the last runs, of five minutes for each format on a busy
machine.

| format | inputs | read | refused | slowest s | failures |
|---|--:|--:|--:|--:|--:|
| plain | 8,245 | 6,500 | 1,745 | 0.6 | 0 |
| markdown | 8,568 | 7,107 | 1,461 | 1.8 | 0 |
| html | 2,373 | 1,831 | 542 | 0.4 | 0 |
| mhtml | 7,508 | 3,872 | 3,636 | 3.7 | 0 |
| pdf | 2,164 | 690 | 1,474 | 0.2 | 0 |
| docx | 1,798 | 827 | 971 | 0.1 | 0 |
| odt | 678 | 313 | 365 | 0.2 | 0 |
| pptx | 1,672 | 1,205 | 467 | 0.1 | 0 |
| epub | 1,287 | 853 | 434 | 0.3 | 0 |
| rtf | 1,965 | 1,090 | 875 | 0.2 | 0 |
| rst | 769 | 614 | 155 | 1.4 | 0 |
| org | 467 | 367 | 100 | 9.6 | 0 |
| ipynb | 1,366 | 267 | 1,099 | 0.2 | 0 |
| json | 28,733 | 5,617 | 23,116 | 0.5 | 0 |
| jsonl | 10,547 | 4,336 | 6,211 | 0.6 | 0 |
| csv | 13,595 | 6,606 | 6,989 | 2.8 | 0 |
| zip | 2,593 | 1,760 | 833 | 0.9 | 0 |

"""


def main() -> int:
    """Measure every file and write the page; returns 1 if a born-digital file has less than .97 of its words."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="a folder of web pages with references")
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
    page = "\n".join(lines) + f"\n\n{pages}{real}{_HOSTILE}" + _NOT_SUPPORTED.lstrip()
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
