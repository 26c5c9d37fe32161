"""Reads sets in BEIR layout with answers: questions with their passages, split by article."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from qa.errors import ConfigError
from qa.text.document import Span

from .config import Family, Settings

Split = Literal["train", "fit", "held-out"]
NEGATIVES = "negatives.json"
CORPUS, QUERIES, NEAR = "corpus.jsonl", "queries.jsonl", "near.jsonl"


@dataclass(frozen=True, slots=True)
class Source:
    """A passage of a set, and the article that contains it."""

    id: str
    title: str
    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question; `passages` are the ids of those that answer it, or that were searched for an answer in vain.

    `kind` is what its `answers` are: a "span", whole units ("units": sentences or clauses, all of which answer), or no
    text of the passage, which answers as a whole ("passage"). `made_from` is the question from which a near-miss was
    generated.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    answerable: bool
    passages: tuple[str, ...]
    kind: Literal["span", "units", "passage"] = "span"
    made_from: str = ""


@dataclass(frozen=True)
class QuestionSet:
    """A set: passages by id, and its questions."""

    name: str
    folder: Path
    sources: dict[str, Source]
    examples: tuple[Example, ...]

    @cached_property
    def articles(self) -> dict[str, list[str]]:
        """The passages of each article, in order."""
        made: dict[str, list[str]] = {}
        for source in self.sources.values():
            made.setdefault(source.article, []).append(source.id)
        return made

    def article(self, example: Example) -> str:
        """The article that a question is about; empty if the question names no passage."""
        return self.sources[example.passages[0]].article if example.passages else ""


def read_set(folder: Path, near: bool = False) -> QuestionSet:
    """Read the set in a folder, gzipped or not, with or without its generated near-misses.

    The article of a passage is its `doc_id`; if all passages have the same one, each passage is its own article.
    Raises ConfigError if a file is missing or malformed.
    """
    try:
        rows = list(_jsonl(folder / CORPUS))
        one = len({row.get("doc_id") for row in rows}) == 1
        sources = {
            str(row["_id"]): Source(
                str(row["_id"]),
                str(row.get("title") or ""),
                str(row.get("text") or ""),
                str(row["_id"] if one else row.get("doc_id") or row["_id"]),
            )
            for row in rows
        }
        relevant: dict[str, list[str]] = {}
        for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
            query, passage, grade = line.split("\t")
            if float(grade) > 0:
                relevant.setdefault(query, []).append(passage)
        rows = [row for name in ((QUERIES, NEAR) if near else (QUERIES,)) for row in _jsonl(folder / name)]
        examples = tuple(_example(row, relevant, sources) for row in rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{str(folder)!r} is not a BEIR-layout set ({type(error).__name__}: {error}): "
            "give a folder with corpus.jsonl, queries.jsonl and qrels.tsv."
        ) from error
    return QuestionSet(folder.resolve().name, folder, sources, examples)


def find_set(sets: Sequence[Path], folder: str) -> Path:
    """The folder of a set: in the first of the folders that contains it, or else in the last."""
    places = [each / folder for each in sets]
    return next((place for place in places if place.is_dir()), places[-1])


def split_articles(sets: Iterable[QuestionSet], family: Family, seed: int) -> dict[str, Split]:
    """The part to which each article of a family of sets belongs; it depends only on names and seed."""
    articles = sorted({source.article for each in sets for source in each.sources.values()})
    random.Random(seed).shuffle(articles)
    held, fit = round(family.held_out * len(articles)), round(family.fit * len(articles))
    parts: dict[str, Split] = dict.fromkeys(articles, "train")
    parts.update(dict.fromkeys(articles[:held], "held-out"))
    parts.update(dict.fromkeys(articles[held : held + fit], "fit"))
    return parts


def made_for(settings: Settings) -> dict[str, Any]:
    """Everything that mined negatives depend on, to be stored in their file."""
    made: dict[str, Any] = {
        "seed": settings.seed, "train_on": [[list(f.folders), f.fit, f.held_out] for f in settings.train_on]
    }  # fmt: skip
    if settings.sampling.same_article:
        made |= {"same_article": True, "how": [[f.mined, f.near] for f in settings.train_on]}
    return made


def file_hash(folder: Path) -> list[str]:
    """The sha256 of the uncompressed passages and questions of a set."""
    made = []
    for name in (CORPUS, QUERIES):
        with _opened(folder / name) as file:
            made.append(hashlib.sha256(file.read()).hexdigest())
    return made


def read_negatives(settings: Settings, work: Path) -> dict[str, dict[str, list[str]]]:
    """Set → training question → passages that do not answer it, as written by `training.mine`.

    Raises ConfigError if they are missing or belong to another split.
    """
    try:
        read: dict[str, Any] = json.loads((work / settings.negatives).read_text("utf-8"))
    except OSError:
        read = {}
    if read.get("made_for") != made_for(settings):
        raise ConfigError(f"{str(work)!r} holds no negatives of these sets and this split: run `training.mine` first.")
    return dict(read["negatives"])


def fold(text: str) -> str:
    """The text in lower case with single spaces, in which answers are searched for."""
    return " ".join(text.lower().split())


def occurrences(text: str, answers: Iterable[str]) -> list[Span]:
    """The occurrences, as whole words, of the first answer that is in the text; empty if none is."""
    for answer in answers:
        words = [re.escape(word) for word in answer.split()]
        if not words:
            continue
        pattern = re.compile(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)", re.I)
        if found := [Span(*match.span()) for match in pattern.finditer(text)]:
            return found
    return []


def _example(row: dict[str, Any], relevant: dict[str, list[str]], sources: dict[str, Source]) -> Example:
    turns = row.get("conversation") or []
    number = str(row["_id"])
    about = [str(row.get("source_passage")), *(str(other) for other in row.get("also_unanswered_by") or ())]
    passages = relevant.get(number) or [passage for passage in about if passage in sources]
    answers_are = "passage" if row.get("span") is False else "units" if row.get("answers_are") else "span"
    return Example(
        number,
        str(turns[-1]["text"]) if turns else str(row["text"]),
        tuple(str(answer) for answer in row.get("answers") or ()),
        bool(row.get("answerable", True)),
        tuple(passages),
        answers_are,  # type: ignore[arg-type]
        str(row.get("made_from") or ""),
    )


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with _opened(path) as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _opened(path: Path) -> Any:
    """Open a file, or its gzipped version, for reading bytes."""
    packed = path.with_name(f"{path.name}.gz")
    return gzip.open(packed) if not path.is_file() and packed.is_file() else path.open("rb")
