"""BEIR-layout sets with answers → questions with their passages, split by article.

It knows nothing about tokens, models or rankings.
"""

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
    """A passage of a set, and the article that it is from."""

    id: str
    title: str
    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question. `passages` are the ids of those that answer it, or of those that it was asked of in vain.

    `kind` says what its `answers` are: a "span", whole units ("units": sentences or clauses, all of which answer), or
    nothing that stands in the passage, which answers as a whole ("passage"). `made_from` is the question that a
    near-miss was made of.
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
        """The passages of each article, in its order."""
        made: dict[str, list[str]] = {}
        for source in self.sources.values():
            made.setdefault(source.article, []).append(source.id)
        return made

    def article(self, example: Example) -> str:
        """The article that a question is about; empty where no passage is named."""
        return self.sources[example.passages[0]].article if example.passages else ""


def read_set(folder: Path, near: bool = False) -> QuestionSet:
    """The set in a folder, gzipped or not, with its made near-misses or without.

    Raises ConfigError where a file is missing or malformed.

    The article of a passage is its `doc_id`; where all passages have one and the same, each is its own article.
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
    """The first of some folders of sets that has this one; the last one's, if none has it."""
    places = [each / folder for each in sets]
    return next((place for place in places if place.is_dir()), places[-1])


def split_articles(sets: Iterable[QuestionSet], family: Family, seed: int) -> dict[str, Split]:
    """The part that each article of a family of sets belongs to: the same for the same names and seed."""
    articles = sorted({source.article for each in sets for source in each.sources.values()})
    random.Random(seed).shuffle(articles)
    held, fit = round(family.held_out * len(articles)), round(family.fit * len(articles))
    parts: dict[str, Split] = dict.fromkeys(articles, "train")
    parts.update(dict.fromkeys(articles[:held], "held-out"))
    parts.update(dict.fromkeys(articles[held : held + fit], "fit"))
    return parts


def made_for(settings: Settings) -> dict[str, Any]:
    """What mined negatives depend on, for their file."""
    made: dict[str, Any] = {
        "seed": settings.seed, "train_on": [[list(f.folders), f.fit, f.held_out] for f in settings.train_on]
    }  # fmt: skip
    if settings.sampling.same_article:
        made |= {"same_article": True, "how": [[f.mined, f.near] for f in settings.train_on]}
    return made


def file_hash(folder: Path) -> list[str]:
    """The sha256 of the passages and of the questions of a set, as they are when unpacked."""
    made = []
    for name in (CORPUS, QUERIES):
        with _opened(folder / name) as file:
            made.append(hashlib.sha256(file.read()).hexdigest())
    return made


def read_negatives(settings: Settings, work: Path) -> dict[str, dict[str, list[str]]]:
    """Set → question to train on → passages that do not answer it, as `training.mine` wrote them.

    Raises ConfigError where they are missing or of another split.
    """
    try:
        read: dict[str, Any] = json.loads((work / settings.negatives).read_text("utf-8"))
    except OSError:
        read = {}
    if read.get("made_for") != made_for(settings):
        raise ConfigError(f"{str(work)!r} holds no negatives of these sets and this split: run `training.mine` first.")
    return dict(read["negatives"])


def fold(text: str) -> str:
    """Lower-cased, white space folded: how an answer is looked for."""
    return " ".join(text.lower().split())


def occurrences(text: str, answers: Iterable[str]) -> list[Span]:
    """Where the first of the answers that stands in the text does so as whole words; empty if none does."""
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
    """A file, or what is packed beside its name with .gz, for reading bytes."""
    packed = path.with_name(f"{path.name}.gz")
    return gzip.open(packed) if not path.is_file() and packed.is_file() else path.open("rb")
