"""Writes a cited article as an item of CSL-JSON, which Zotero, pandoc and citeproc read."""

from __future__ import annotations

import json
from typing import Any

from ...ask.answer import Citation
from ...ask.words import title_of
from ...corpus.works import issued
from ..rendering.html import printable
from .bibtex import key_of, names_in


def csl_json(citation: Citation) -> str:
    """A list of one item: what a reference manager says of the article, or else what its properties say."""
    known: dict[str, Any] = json.loads(citation.csl) if citation.csl else _item(citation)
    locator = {} if citation.page is None else {"locator": str(citation.page), "label": "page"}
    return printable(json.dumps([{**known, **locator}], ensure_ascii=False, indent=2))


def _item(citation: Citation) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": key_of(citation),
        "type": "webpage" if citation.url else "document",
        "title": title_of(citation),
        "author": [_person(name) for name in names_in(citation.author)],
        "issued": issued(citation.date),
        "URL": citation.url,
    }
    return {name: value for name, value in item.items() if value}


def _person(name: str) -> dict[str, str]:
    family, comma, given = (part.strip() for part in name.partition(","))
    if comma and given:
        return {"family": family, "given": given}
    first, _, last = name.rpartition(" ")
    return {"family": last, "given": first} if first and len(name.split()) <= 3 else {"literal": name}
