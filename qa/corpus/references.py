"""Finds what reference managers say of the files of a corpus, by the paths of the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..text.document import stem_and_suffix
from . import exports, zotero
from .documents import CorpusFile
from .folders import Corpus, Folders
from .works import Work

_MOST_JSON = 4  # in one folder: where there are more, they are articles


def works_of(files: Sequence[CorpusFile], corpus: Corpus) -> Mapping[str, Work]:
    """The works that Zotero's database or an export beside the files describe, by the paths of their files."""
    places = {file.record.path: file.location for file in files if file.readable}
    found: dict[Path, Work] = {}
    for database in zotero.databases_of(places, Folders.of(corpus).paths):
        found |= zotero.works_in(database)
    ends = {path: stem_and_suffix(path)[1].lower() for path in places}
    json_files = Counter(place.parent for path, place in places.items() if ends[path] == ".json")
    locations = list(places.values())
    for path, place in places.items():
        if ends[path] in exports.ENDINGS and json_files[place.parent] <= _MOST_JSON:
            found = {**exports.works_in(place, locations), **found}  # the database knows more
    return {path: found[place] for path, place in places.items() if place in found}


def with_works(files: Sequence[CorpusFile], corpus: Corpus) -> tuple[list[CorpusFile], Mapping[str, Work]]:
    """The files, with what tells in their records that something about their works has changed, and the works."""
    works = works_of(files, corpus)
    return [
        replace(file, record=replace(file.record, work=works[file.record.path].digest))
        if file.record.path in works
        else file
        for file in files
    ], works
