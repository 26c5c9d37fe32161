"""The articles of a campaign, and every edition of them that was ever written: the truth about each generation."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_NAMES = (
    *("Harwick", "Selby", "Thornby", "Oxmoor", "Quillan", "Brinde", "Velmar", "Castrow", "Dunmere", "Eskdale"),
    *("Farrowe", "Glenvik", "Hollin", "Istrane", "Jarrold", "Kelbrook", "Lindow", "Marrick", "Norvale", "Ottery"),
    *("Pellworm", "Quorndon", "Rushmere", "Stavely", "Tarnside", "Ulvern", "Vessing", "Wrexley", "Yarrowby", "Zennick"),
)
_KINDS = ("beacon", "mill", "ferry", "bridge", "library", "chapel", "orchard", "quarry", "observatory", "tramway")
_DONE = ("painted", "repaired", "inspected", "sold", "flooded", "photographed", "measured", "closed", "robbed", "moved")
_SHORTEST = 20  # characters that truncation leaves of an article
_REST = (
    "Its keepers live in the village below and come up by the old road.\n\n"
    "## Visitors\n\nMost visitors arrive in summer. A small museum shows tools, letters and maps of the coast.\n"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What one article is about, and the question that only this article answers."""

    name: str
    kind: str
    done: str

    @property
    def question(self) -> str:
        return f"How many times was the {self.name} {self.kind} {self.done}?"

    def fact(self, number: int) -> str:
        """The sentence that answers, in the edition with this number."""
        return f"The {self.name} {self.kind} was {self.done} {number} times."

    def edition(self, number: int) -> str:
        """The text of an edition."""
        return f"# The {self.name} {self.kind}\n\nA landmark of the coast.\n\n{self.fact(number)}\n\n{_REST}"


def subjects(count: int) -> list[Subject]:
    """The first subjects, at most 30; no two share a name, and neighbours share nothing."""
    return [Subject(name, _KINDS[n % 10], _DONE[(n + n // 10) % 10]) for n, name in enumerate(_NAMES[:count])]


@dataclass(frozen=True, slots=True)
class Edition:
    """One text that a file had. `fact` is "" if the file was cut off before it."""

    subject: Subject
    text: str
    fact: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a published generation holds: the sha256 of each of its files, and the editions among them, by path.

    `failed` gives the reason for each file that was not read.
    """

    files: Mapping[str, str]
    editions: Mapping[str, Edition]
    failed: Mapping[str, str] = field(default_factory=dict)

    def of(self, subject: Subject) -> dict[str, Edition]:
        return {path: edition for path, edition in self.editions.items() if edition.subject == subject}


class Library:
    """Writes editions into the folder of articles, and remembers them all. Safe to use from several threads."""

    def __init__(self, corpus: Path, subjects: Sequence[Subject]) -> None:
        self.corpus = corpus
        self.subjects = tuple(subjects)
        self.writing = threading.RLock()
        self._editions: dict[str, Edition] = {}  # by sha256
        self._paths = {subject: f"{subject.name.lower()}.md" for subject in subjects}
        self._now: dict[Subject, str] = {}  # the sha256 of each file
        self._number = 0

    def write(self, subject: Subject) -> bool:
        """Replace an article by its next edition; False if the disk does not take it, and the last one stays."""
        with self.writing:
            self._number += 1
            text = subject.edition(self._number)
            beside = self.corpus / ".beside"
            sha256 = self._remember(Edition(subject, text, subject.fact(self._number)))
            try:
                beside.write_text(text, "utf-8")
                beside.replace(self.corpus / self._paths[subject])
            except OSError:
                with contextlib.suppress(OSError):
                    beside.unlink()
                return False
            self._now[subject] = sha256
            return True

    def rename(self, subject: Subject) -> None:
        """Give an article another name."""
        with self.writing:
            self._number += 1
            new = f"{subject.name.lower()}-{self._number}.md"
            (self.corpus / self._paths[subject]).rename(self.corpus / new)
            self._paths[subject] = new

    def cut(self, subject: Subject, draw: random.Random) -> None:
        """Truncate an article in place, as a program that is killed while it saves does."""
        with self.writing:
            edition = self._editions[self._now[subject]]
            if len(edition.text) <= _SHORTEST:
                return  # it was cut often enough
            text = edition.text[: draw.randrange(_SHORTEST, len(edition.text))]
            fact = edition.fact if edition.fact and edition.fact in text else ""
            self._now[subject] = self._remember(Edition(subject, text, fact))
            with (self.corpus / self._paths[subject]).open("r+b") as file:
                file.truncate(len(text))

    def now(self, subject: Subject) -> tuple[str, str]:
        """The path and the sha256 of an article as it is."""
        with self.writing:
            return self._paths[subject], self._now[subject]

    def edition(self, sha256: str) -> Edition | None:
        return self._editions.get(sha256)

    def whole(self) -> list[Subject]:
        """The subjects whose file has its fact."""
        with self.writing:
            return [subject for subject in self.subjects if self._editions[self._now[subject]].fact]

    def _remember(self, edition: Edition) -> str:
        sha256 = hashlib.sha256(edition.text.encode()).hexdigest()
        self._editions[sha256] = edition
        return sha256


class History:
    """What each generation that ever was the current one holds. `look` has to be called often: old ones are deleted."""

    def __init__(self, index: Path, library: Library) -> None:
        self._index = index
        self._library = library
        self._held: dict[str, Held] = {}
        self.damaged: set[str] = set()  # generations of which a file was changed after they were published

    def current(self) -> str:
        """The generation that answers, or "" before the first."""
        try:
            return (self._index / "CURRENT").read_text("ascii").strip()
        except OSError:
            return ""

    def folder(self, generation: str) -> Path:
        return self._index / "generations" / generation

    def look(self) -> str:
        """Remember the current generation, and return it."""
        generation = self.current()
        if generation and generation not in self._held:
            with contextlib.suppress(OSError, ValueError, KeyError):  # it may be replaced at this moment
                manifest = json.loads((self.folder(generation) / "manifest.json").read_text("utf-8"))
                files = {each["path"]: each["sha256"] for each in manifest["documents"]}
                failed = {each["path"]: each["reason"] for each in manifest["documents"] if each.get("reason")}
                self._held[generation] = Held(files, dict(self._known(files)), failed)
        return generation

    def held(self, generation: str) -> Held | None:
        return self._held.get(generation)

    @property
    def count(self) -> int:
        return len(self._held)

    def _known(self, files: Mapping[str, str]) -> Iterator[tuple[str, Edition]]:
        for path, sha256 in files.items():
            if (edition := self._library.edition(sha256)) is not None:
                yield path, edition
