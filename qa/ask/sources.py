"""Looks up what an answer shows about each document: title, link, and whether its file has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ..corpus.documents import has_changed
from ..index.generation import OpenGeneration
from ..text.dates import latest_date
from ..text.names import described
from .ranking import Ranking

# The properties that say when an article was last written, the likeliest first.
DATED = ("updated", "modified", "lastmod", "date", "published", "created")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer needs to know about the documents of its hits, by document.

    `contexts` maps each document to its title and its path as words, for checks whether it mentions a name or a date.
    `dates` are those among the properties: when a document was last changed, else when it was written.
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


def facts_of(ranking: Ranking, generation: OpenGeneration, corpus: Path | None) -> Facts:
    """The facts about the documents of all hits; `corpus` is None if their files are on another machine."""
    paths = list(dict.fromkeys(hit.passage.document for hit in ranking.hits))
    known = generation.facts(paths)
    files = {facts.file.path: facts.file for facts in known.values()}
    changed = set() if corpus is None else {path for path, record in files.items() if has_changed(corpus, record)}
    urls = {path: facts.metadata.get("url", "") for path, facts in known.items()}
    return Facts(
        generation=generation.id,
        titles={path: facts.title for path, facts in known.items()},
        urls={path: url for path, url in urls.items() if _is_web(url)},
        changed=frozenset(path for path, facts in known.items() if facts.file.path in changed),
        incomplete={path: facts.file.reason for path, facts in known.items() if path == facts.file.path},
        metadata={path: facts.metadata for path, facts in known.items()},
        dates={path: date for path, facts in known.items() if (date := _date_among(facts.metadata))},
        contexts={path: f"{facts.title}\n{described(path)}" for path, facts in known.items()},
    )


def _date_among(properties: Mapping[str, str]) -> str:
    return next((value for name in DATED if latest_date(value := properties.get(name, ""))), "")


def web_address(url: str) -> str | None:
    """The address if it is one of the web: another could be a script or a file."""
    return url if _is_web(url) else None


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:  # such as an open bracket in the host
        return False
