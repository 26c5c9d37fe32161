"""Looks up what an answer shows about each document: title, link, and whether its file has changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..corpus.documents import has_changed
from ..index.generation import OpenGeneration
from .ranking import Ranking

_IN_PATHS = re.compile(r"[/_.#-]+")  # between the words of a path


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer needs to know about the documents of its hits, by document.

    `contexts` maps each document to its title and its path as words, for checks whether it mentions a name.
    """

    generation: str
    titles: Mapping[str, str]
    urls: Mapping[str, str]
    changed: frozenset[str]
    contexts: Mapping[str, str]


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
        contexts={path: f"{facts.title}\n{_IN_PATHS.sub(' ', path)}" for path, facts in known.items()},
    )


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:  # such as an open bracket in the host
        return False
