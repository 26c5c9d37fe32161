"""What a reference manager says of the files of a corpus: who wrote them, when, and how they are cited.

It is kept as CSL-JSON, the form that Zotero, pandoc and citeproc exchange.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..text.document import Document
from ..text.web_address import web_address
from .heads import DATED
from .vaults import address_in_vault

CSL, CITATION_KEY, APP = "csl", "citation key", "app"  # properties of a document
_OF_WORKS = frozenset({CSL, APP})  # which no file may claim: one is parsed, and the other opens a program
_APP = re.compile(r"zotero://open-pdf/(?:library|groups/\d+)/items/\w+", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,4}")
_MOST = (9_999, 12, 31)  # year, month and day
_NAMES = ("author", "editor")


@dataclass(frozen=True, slots=True)
class Work:
    """A work as CSL-JSON, its tags, and the address that opens the file in the program that knows it."""

    csl: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    app: str = ""

    @property
    def digest(self) -> str:
        """What differs if anything about the work does."""
        told = json.dumps([self.csl, self.tags, self.app], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def describe(self, document: Document) -> Document:
        """The document with the title, the authors, the date and the other properties of the work."""
        document = without_claims(document)
        own = {name: value for name, value in document.metadata.items() if name not in DATED} if self.date else {}
        doi = str(self.csl.get("DOI", ""))
        told = {
            "author": "; ".join(self.people),
            "date": self.date,
            "tags": ", ".join(self.tags),
            "url": web_address(str(self.csl.get("URL", ""))) or (f"https://doi.org/{doi}" if doi else ""),
            CITATION_KEY: str(self.csl.get("id", "")),
            CSL: json.dumps(self.csl, ensure_ascii=False, sort_keys=True),
            APP: self.app,
        }
        known = own or dict(document.metadata)
        metadata = {**known, **{name: value for name, value in told.items() if value}}
        return replace(document, title=_line(self.csl.get("title", "")) or document.title, metadata=metadata)

    @property
    def people(self) -> list[str]:
        """The authors, or else the editors: `Lovelace, Ada`."""
        for role in _NAMES:
            if names := [name for each in self.csl.get(role, ()) if (name := name_of(each))]:
                return names
        return []

    @property
    def date(self) -> str:
        """When it was published, in ISO 8601 as far as it is known."""
        parts = (self.csl.get("issued") or {}).get("date-parts")  # of an export, in which it can be anything
        first = parts[0] if isinstance(parts, list) and parts else None
        date = ""
        for part, most in zip(first if isinstance(first, list) else (), _MOST, strict=False):
            if not _NUMBER.fullmatch(str(part)) or not 1 <= int(part) <= most:
                break
            date = f"{date}-{int(part):02}" if date else f"{int(part):04}"
        return date


def without_claims(document: Document) -> Document:
    """The document without the properties that only a work gives: any file may have such a name in its front matter."""
    if _OF_WORKS.isdisjoint(document.metadata):
        return document
    return replace(document, metadata={k: v for k, v in document.metadata.items() if k not in _OF_WORKS})


def name_of(person: Mapping[str, Any]) -> str:
    """A name of CSL-JSON on one line, family name first."""
    family = " ".join(filter(None, (_line(person.get("non-dropping-particle", "")), _line(person.get("family", "")))))
    return _line(person.get("literal", "")) or ", ".join(filter(None, (family, _line(person.get("given", "")))))


def issued(date: str) -> dict[str, Any]:
    """The `issued` of CSL-JSON for a date in ISO 8601; Zotero writes 00 for what is not known."""
    numbers = []
    for part in date.split("-")[:3]:
        if not part.isdigit() or not int(part):
            break
        numbers.append(int(part))
    return {"date-parts": [numbers]} if numbers else {}


def app_address(reading: Mapping[str, Any], path: str, metadata: Mapping[str, str], page: int | None = None) -> str:
    """The address that opens an article, at a page, in the program that it is from; empty if there is none."""
    app = metadata.get(APP, "")
    return (app_at(app, page) if _APP.fullmatch(app) else "") or address_in_vault(reading, path)


def app_at(address: str, page: int | None) -> str:
    """An address that opens an article, at a page if its program knows pages."""
    return address if page is None or not address.startswith("zotero:") else f"{address}?page={page}"


def _line(value: object) -> str:
    return " ".join(str(value).split())
