"""What a person can choose to be asked: the folders, articles and kinds of an index, as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...corpus.records import FileRecord
from ...formats import kind
from ...text.folding import folded
from ..answers.templating import render

MOST_ROWS, MOST_FOUND = 400, 100  # of the tree, and of what was looked for


@dataclass(slots=True)
class Place:
    """A folder or a file, by its path, with its number of articles; a folder has `places` in it."""

    path: str
    articles: int = 0
    is_folder: bool = False
    places: list[Place] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Choices:
    """All folders and files with articles: `top` are those in no folder, `all` lists each before what is in it."""

    top: Sequence[Place]
    all: Sequence[Place]
    kinds: Sequence[tuple[str, int]]
    articles: int

    def found(self, find: str) -> list[Place]:
        """The places whose paths contain all words that are looked for."""
        words = folded(find).split()
        return [place for place in self.all if all(word in folded(place.path) for word in words)]


def choices_of(records: Iterable[FileRecord]) -> Choices:
    """What there is to choose among these files."""
    top = Place("", is_folder=True)
    folders = {"": top}
    kinds: Counter[str] = Counter()
    everything: list[Place] = []
    for record in sorted(records, key=lambda record: record.path.split("/")):
        if not record.documents:
            continue
        parts = record.path.split("/")
        for depth in range(1, len(parts)):
            path = "/".join(parts[:depth])
            if path not in folders:
                folders[path] = Place(path, is_folder=True)
                folders["/".join(parts[: depth - 1])].places.append(folders[path])
                everything.append(folders[path])
        file = Place(record.path, record.documents)
        everything.append(file)
        folders["/".join(parts[:-1])].places.append(file)
        for depth in range(len(parts)):
            folders["/".join(parts[:depth])].articles += record.documents
        kinds[kind(record.path)] += record.documents
    return Choices(top.places, everything, kinds.most_common(), top.articles)


def choices_value(choices: Choices, find: str) -> dict[str, str]:
    """Return the places and kinds as HTML: a tree, or a list of what is found."""
    if find.strip():
        found = choices.found(find)
        places = render("picker_found.html", places=found[:MOST_FOUND], more=len(found) - MOST_FOUND)
    else:
        listed, more = _fitting(choices)
        places = render("picker_tree.html", places=listed, more=more)
    return {"places": places, "kinds": render("picker_kinds.html", kinds=choices.kinds)}


def _fitting(choices: Choices) -> tuple[Sequence[Place], int]:
    """The tree as far as it fits, and how many places are left out: files first, then the deepest folders."""
    if len(choices.all) <= MOST_ROWS:
        return choices.top, 0
    folders = [place for place in choices.all if place.is_folder]
    deepest = max((place.path.count("/") for place in folders), default=0)
    while deepest and sum(place.path.count("/") <= deepest for place in folders) > MOST_ROWS:
        deepest -= 1
    listed = [place for place in folders if place.path.count("/") <= deepest][:MOST_ROWS]
    kept = {place.path: Place(place.path, place.articles, True) for place in listed}
    top: list[Place] = []
    for path, place in kept.items():
        above = kept.get(path.rpartition("/")[0])
        (top if above is None else above.places).append(place)
    return top, len(choices.all) - len(kept)
