"""Measures how much of the articles on real saved pages is extracted, compared with plain trafilatura.

A folder contains for each page `name.html` and `name.txt`, the words of its article, and optionally `name.json` with
its `title` and `headings`. Each folder below the named one is a set with its own row.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from trafilatura import extract

from qa.formats.decoding import Empty, Unreadable
from qa.formats.web.page import parse_html

_WORD = re.compile(r"\w+")
_RUN = 4  # words, as in the article-extraction-benchmark

Read = tuple[str, str, list[str]]  # text, title, headings


@dataclass(frozen=True, slots=True)
class Score:
    """The score of an extractor on one page: `recall` and `precision` of runs of four words; None if not known."""

    recall: float
    precision: float
    words: float
    headings: float | None
    title: bool | None
    nothing: bool
    seconds: float
    megabytes: float


def read_pages(folder: Path) -> Iterator[str]:
    """The lines of a table with a row for each set and extractor."""
    yield "| set | pages | read by | recall | precision | F1 | words found | headings | titles | nothing | s per MB |"
    yield "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for pages in sorted({page.parent for page in folder.rglob("*.html")}):
        files = [page for page in sorted(pages.glob("*.html")) if page.with_suffix(".txt").exists()]
        for name, reader in _READERS.items():
            scores = [_score(page, reader) for page in files]
            precision, recall = mean(score.precision for score in scores), mean(score.recall for score in scores)
            headings = [score.headings for score in scores if score.headings is not None]
            titles = [score.title for score in scores if score.title is not None]
            shares = (recall, precision, 2 * precision * recall / (precision + recall), mean(s.words for s in scores))
            yield (
                f"| {pages.name} | {len(files)} | {name} | {' | '.join(f'{share:.3f}' for share in shares)}"
                f" | {_share(headings, reader)} | {_share(titles, reader)} | {sum(score.nothing for score in scores)}"
                f" | {sum(score.seconds for score in scores) / sum(score.megabytes for score in scores):.2f} |"
            )


def _ours(data: bytes) -> Read:
    try:
        document = parse_html("page.html", data)
    except (Empty, Unreadable):
        return "", "", []
    return document.text, document.title, [section.path[-1] for section in document.sections if section.path]


def _trafilatura(precision: bool = False, recall: bool = False) -> Callable[[bytes], Read]:
    def read(data: bytes) -> Read:
        return extract(data, include_comments=False, favor_precision=precision, favor_recall=recall) or "", "", []

    return read


_READERS = {
    "this program": _ours,
    "trafilatura": _trafilatura(),
    "… favouring recall": _trafilatura(recall=True),
    "… favouring precision": _trafilatura(precision=True),
}


def _score(page: Path, reader: Callable[[bytes], Read]) -> Score:
    data, reference = page.read_bytes(), page.with_suffix(".txt").read_text("utf-8")
    facts_file = page.with_suffix(".json")
    facts = json.loads(facts_file.read_text("utf-8")) if facts_file.exists() else {}
    started = time.perf_counter()
    text, title, headings = reader(data)
    seconds = time.perf_counter() - started
    wanted, known = _words(reference), _words(facts.get("title") or title)
    first, _, rest = text.strip().partition("\n")
    # The title above an article is part of some references only.
    actual = _words(rest if known and _words(first) == known != wanted[: len(known)] else text)
    shared = (Counter(_runs(wanted)) & Counter(_runs(actual))).total()
    sought = Counter(tuple(_words(heading)) for heading in facts.get("headings", ()))
    extracted = Counter(tuple(_words(heading)) for heading in headings)
    return Score(
        recall=shared / max(1, len(_runs(wanted))),
        precision=shared / max(1, len(_runs(actual))),
        words=(Counter(wanted) & Counter(actual)).total() / max(1, len(wanted)),
        headings=(sought & extracted).total() / sought.total() if sought else None,
        title=_words(facts["title"]) == _words(title) if facts.get("title") else None,
        nothing=not actual,
        seconds=seconds,
        megabytes=len(data) / 1e6,
    )


def _share(values: list[float] | list[bool], reader: Callable[[bytes], Read]) -> str:
    return f"{mean(values):.3f}" if values and reader is _ours else "–"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + _RUN]) for start in range(max(1, len(words) - _RUN + 1))] if words else []
