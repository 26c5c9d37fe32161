"""Looks up what an answer shows about each document: title, link, and whether its file has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..corpus.documents import has_changed
from ..corpus.folders import Corpus
from ..corpus.heads import dated
from ..corpus.records import DocumentInfo
from ..corpus.works import app_address
from ..index.generation import OpenGeneration
from ..text.names import described
from ..text.properties import searched_labels
from ..text.web_address import web_address
from .ranking import Ranking


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer needs to know about the documents of its hits, by document.

    `contexts` maps each document to its title, its path as words, its authors and its tags, for checks whether
    it mentions a name or a date. `dates` are those among the properties: when a document
    was last changed, else when it was written. `apps` are the addresses that open documents in their own programs.
    `incomplete` says of documents of a file with one document which part of it could not be read.
    """

    generation: str
    titles: Mapping[str, str]
    urls: Mapping[str, str]
    changed: frozenset[str]
    contexts: Mapping[str, str]
    incomplete: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    apps: Mapping[str, str] = field(default_factory=dict)


def facts_of(ranking: Ranking, generation: OpenGeneration, corpus: Corpus | None) -> Facts:
    """The facts about the documents of all hits; `corpus` is None if their files are on another machine."""
    paths = list(dict.fromkeys(hit.passage.document for hit in ranking.hits))
    known = generation.facts(paths)
    files = {facts.file.path: facts.file for facts in known.values()}
    changed = set() if corpus is None else {path for path, record in files.items() if has_changed(corpus, record)}
    urls = {path: facts.metadata.get("url", "") for path, facts in known.items()}
    return Facts(
        generation=generation.id,
        titles={path: facts.title for path, facts in known.items()},
        urls={path: url for path, found in urls.items() if (url := web_address(found))},
        changed=frozenset(path for path, facts in known.items() if facts.file.path in changed),
        incomplete={path: facts.file.reason for path, facts in known.items() if path == facts.file.path},
        metadata={path: facts.metadata for path, facts in known.items()},
        apps={
            path: address
            for path in known
            if (address := app_address(generation.manifest.reading, path, known[path].metadata))
        },
        dates={path: date for path, facts in known.items() if (date := dated(facts.metadata))},
        contexts={path: context_of(path, facts) for path, facts in known.items()},
    )


def context_of(path: str, facts: DocumentInfo) -> str:
    """The title of a document, its path as words, its authors and its tags."""
    return f"{facts.title}\n{described(path)}\n{searched_labels(path, facts.metadata, facts.title)}"
