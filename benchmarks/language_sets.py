"""Collections of questions in other languages than English, with near-misses, from sets in `../shared/train` and XQuAD.

A collection has passages in one language and questions in the same one, or in English. Its own questions are those of a
set that was written beside its paragraphs. Near-misses are of three kinds: questions whose paragraph was left out while
others of its article stay, questions for which a search engine found passages that people judged not to answer
(NoMIRACL), which are all among the passages, and questions written so that their paragraph does not answer (PersianQA
and, in English, SQuAD 2). Nothing of these sets is part of the program: only weights and thresholds are fitted on them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import SETS, SHARED
from benchmarks.judged import SQUAD_1, SQUAD_2, Kind

TRAIN = SHARED / "train"
PASSAGES, OWN, NEAR = 320, 150, 60  # of a set's own articles; the questions of each kind
FAR = 60  # NoMIRACL's questions, with ten passages each
_LEFT_OUT = 4  # one paragraph in so many


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its answers and the passage with them, or neither for a near-miss."""

    id: str
    text: str
    kind: Kind
    answers: tuple[str, ...] = ()
    passage: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection: its passages (id, title, text) in `language`, and questions in the language `asks`."""

    name: str
    language: str
    asks: str
    passages: tuple[tuple[str, str, str], ...]
    questions: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class _Paragraph:
    id: str
    article: str
    text: str
    title: str


# The set with questions and the one with near-misses, by the name of the collection.
_FITTED = {
    "ar": ("ml-ar-arcd", "ml-ar-nomiracl"),
    "fa": ("ml-fa-persianqa-test", "ml-fa-nomiracl"),
    "it": ("ml-it-squad-it-test", ""),
    "ja": ("ml-ja-jaquad", "ml-ja-nomiracl"),
    "ko": ("ml-ko-korquad-dev", "ml-ko-nomiracl"),
    "pt": ("ml-pt-faquad", ""),
    "tr": ("ml-tr-tquad", ""),
    "zh": ("ml-zh-cmrc2018", "ml-zh-nomiracl"),
    "zh-hant": ("ml-zh-drcd", "ml-zh-nomiracl"),
}
_ACROSS = ("el", "es", "hi", "ro", "th", "tr", "vi")
_TESTED = ("de", "ru", "zh", "ar")


def fitted(xquad: Path) -> Iterator[Collection]:
    """The collections to fit on; of XQuAD only English questions, and every other article."""
    for name, (own, far) in _FITTED.items():
        yield _collection(name, name[:2], name[:2], *_read_set(own), _far(far))
    paragraphs, own_questions = _read_set("ml-it-squad-it-test")
    questions = [*_in_english(own_questions), *_beside(own_questions)]
    yield _collection("it, English", "it", "en", paragraphs, questions, ([], []))
    for language in _ACROSS:
        yield _xquad(xquad, language, "en", 0)


def tested(xquad: Path) -> Iterator[Collection]:
    """The collections on which nothing is chosen: the other half of XQuAD."""
    for language in _TESTED:
        yield _xquad(xquad, language, language, 1)
        yield _xquad(xquad, language, "en", 1)


Far = tuple[list[_Paragraph], list[Asked]]


def _collection(
    name: str, language: str, asks: str, paragraphs: Sequence[_Paragraph], questions: Sequence[Asked], far: Far
) -> Collection:
    """A collection of some articles, of which some paragraphs are left out, and of what lies far from them."""
    chosen = _articles(paragraphs)
    kept = [each for each in chosen if not _is_left_out(each.id)]
    of_article: dict[str, str] = {}
    for each in kept:
        of_article[each.article] = of_article.get(each.article, "") + "\n" + each.text
    article = {each.id: each.article for each in chosen}
    ids = {each.id for each in kept}
    own = [each for each in questions if each.kind == "own" and each.passage in ids]
    near = [
        Asked(each.id, each.text, "near")
        for each in questions
        if each.passage in article
        and each.passage not in ids
        and (rest := of_article.get(article[each.passage]))
        and not any(answer.casefold() in rest.casefold() for answer in each.answers)
    ]
    written = [Asked(each.id, each.text, "near") for each in questions if each.kind == "near" and each.passage in ids]
    far_passages, far_questions = far
    passages = {each.id: (each.id, each.title, each.text) for each in [*kept, *far_passages]}
    asked = (*_some(own, OWN), *_some(near, NEAR), *_some(written, NEAR), *far_questions)
    return Collection(name, language, asks, tuple(passages.values()), asked)


def _articles(paragraphs: Sequence[_Paragraph]) -> list[_Paragraph]:
    """The paragraphs of whole articles, about as many as a collection has."""
    by_article: dict[str, list[_Paragraph]] = {}
    for each in paragraphs:
        by_article.setdefault(each.article, []).append(each)
    chosen: list[_Paragraph] = []
    for article in sorted(by_article, key=_order):
        if len(chosen) < PASSAGES:
            chosen += by_article[article][: PASSAGES // 8]
    return chosen


def _read_set(name: str) -> tuple[list[_Paragraph], list[Asked]]:
    paragraphs = [_Paragraph(row["_id"], row["title"], row["text"], row["title"]) for row in _rows(name, "corpus")]
    questions = [
        Asked(
            row["_id"], row["text"].lstrip("- "), "own" if row["answerable"] else "near", tuple(row["answers"]),
            row["source_passage"],
        )
        for row in _rows(name, "queries")
    ]  # fmt: skip
    return paragraphs, questions


def _far(name: str) -> Far:
    """Some questions of NoMIRACL, and the passages that do not answer them."""
    if not name:
        return [], []
    rows = sorted(_rows(name, "queries"), key=lambda row: _order(row["_id"]))[:FAR]
    wanted = {number for row in rows for number in (row["source_passage"], *row["also_unanswered_by"])}
    paragraphs = [each for each in _read_set(name)[0] if each.id in wanted]
    return paragraphs, [Asked(row["_id"], row["text"], "near") for row in rows]


def _in_english(questions: Sequence[Asked]) -> list[Asked]:
    """The same questions in English, as SQuAD has them."""
    english = {row["_id"]: row["text"] for row in _lines(SETS / SQUAD_1 / "queries.jsonl")}
    pairs = ((each, english.get(each.id.removeprefix("squadit-"))) for each in questions)
    return [Asked(each.id, text, each.kind, each.answers, each.passage) for each, text in pairs if text]


def _beside(questions: Sequence[Asked]) -> Iterator[Asked]:
    """The unanswerable questions of SQuAD 2 about the paragraphs of these questions."""
    where = {row["_id"]: row["source_passage"] for row in _lines(SETS / SQUAD_1 / "queries.jsonl")}
    numbers = ((each.id.removeprefix("squadit-"), each.passage) for each in questions)
    return _unanswerable({where[number]: passage for number, passage in numbers if number in where})


def _unanswerable(passages: Mapping[str, str]) -> Iterator[Asked]:
    """The unanswerable questions of SQuAD 2 about some of its passages, with the ids that these have here."""
    for row in _lines(SETS / SQUAD_2 / "queries.jsonl"):
        if not row["answerable"] and row["source_passage"] in passages:
            yield Asked(row["_id"], row["text"], "near", (), passages[row["source_passage"]])


def _xquad(folder: Path, language: str, asks: str, side: int) -> Collection:
    """Every other article of XQuAD, in a language, with questions in another or the same, and NoMIRACL's."""
    own, other = (_read_xquad(folder, each) for each in (language, asks))
    paragraphs = [each for each in own[0] if int(each.article) % 2 == side]
    pairs = zip(own[1], other[1], strict=True)
    questions = [Asked(mine.id, theirs.text, "own", mine.answers, mine.passage) for mine, theirs in pairs]
    if asks == "en" != language:
        english = {each.text: each.id for each in _read_xquad(folder, "en")[0]}
        rows = _lines(SETS / SQUAD_2 / "corpus.jsonl")
        questions += _unanswerable({row["_id"]: english[row["text"]] for row in rows if row["text"] in english})
        far: Far = ([], [])
    else:
        name = f"ml-{language}-nomiracl"
        far = _far(name if (TRAIN / name).is_dir() else "")
    name = f"XQuAD {language}" + (", English" if asks != language else "")
    return _collection(name, language, asks, paragraphs, questions, far)


def _read_xquad(folder: Path, language: str) -> tuple[list[_Paragraph], list[Asked]]:
    data = json.loads((folder / f"xquad.{language}.json").read_text("utf-8"))["data"]
    paragraphs: list[_Paragraph] = []
    questions = []
    for article, each in enumerate(data):
        for paragraph in each["paragraphs"]:
            number = f"{len(paragraphs):04d}"
            paragraphs.append(_Paragraph(number, str(article), paragraph["context"], ""))
            for question in paragraph["qas"]:
                answers = tuple(answer["text"] for answer in question["answers"])
                questions.append(Asked(question["id"], question["question"], "own", answers, number))
    return paragraphs, questions


def _is_left_out(number: str) -> bool:
    return int(_order(number), 16) % _LEFT_OUT == 0


def _some(questions: Iterable[Asked], most: int) -> list[Asked]:
    return sorted(questions, key=lambda each: _order(each.id))[:most]


def _order(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _rows(name: str, kind: str) -> Iterator[dict[str, Any]]:
    with gzip.open(TRAIN / name / f"{kind}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
