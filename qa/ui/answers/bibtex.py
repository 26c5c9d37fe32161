"""Writes the BibTeX entry of a cited article, from the properties that it has; BibTeX, biber and Zotero read it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from ...ask.answer import Citation
from ...ask.words import title_of
from ...corpus.works import name_of
from ..rendering.html import printable

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", **{sign: f"\\{sign}" for sign in "&%$#_"},
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ADDRESS = re.compile(r"\s*<[^<>]*>|\s*\([^()]*@[^()]*\)")
_BETWEEN = re.compile(r"\s*;\s*|\s+(?:and|&|und|y|et)\s+", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]?){1,3}")
_BODY = re.compile(
    r"\d|\b(?:agency|association|bank|bureau|cent(?:er|re)|co|college|commission|committee|company|corp|corporation"
    r"|council|department|foundation|gmbh|group|inc|institute|llc|ltd|ministry|office|organi[sz]ation|press|society"
    r"|team|university)\b",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"(?:inc|ltd|llc|corp|co|gmbh|ag|plc|jr|sr|ph\.?d|md)\.?", re.IGNORECASE)
_KINDS = {
    "article-journal": "article", "article-magazine": "article", "article-newspaper": "article", "book": "book",
    "chapter": "incollection", "paper-conference": "inproceedings", "thesis": "phdthesis", "report": "techreport",
}  # fmt: skip
_FIELDS = {
    "container-title": "journal", "volume": "volume", "issue": "number", "page": "pages", "publisher": "publisher",
    "publisher-place": "address", "edition": "edition", "collection-title": "series", "DOI": "doi", "ISBN": "isbn",
    "ISSN": "issn",
}  # fmt: skip
_URL = "%/:?#[]@!$&'()*+,;=-._~"


def bibtex(citation: Citation) -> str:
    """The entry: `@online` for an article with an address on the web, otherwise `@misc`, with what is known of it.

    A work that a reference manager knows is of its own kind, with its own key.
    """
    if citation.csl:
        return _of_work(citation, json.loads(citation.csl))
    names = names_in(citation.author)
    fields = {"title": f"{{{_tex(title_of(citation))}}}", "author": " and ".join(map(_written, names))}
    if citation.url:
        fields |= {"date": citation.date, "url": quote(citation.url, safe=_URL, errors="replace")}
    else:
        fields |= {"year": citation.date[:4], "month": _month(citation.date)}
    page = "" if citation.page is None else str(citation.page)
    fields |= {"pages": page, "file": _verbatim(citation.document)}
    lines = [f"  {name} = {value if name == 'month' else f'{{{value}}}'}" for name, value in fields.items() if value]
    kind = "online" if citation.url else "misc"
    return printable(",\n".join([f"@{kind}{{{key_of(citation)}", *lines]) + "\n}")


def _of_work(citation: Citation, csl: Mapping[str, Any]) -> str:
    kind = _KINDS.get(str(csl.get("type", "")), "misc")
    named = dict(_FIELDS)
    named |= {"container-title": "journal" if kind == "article" else "booktitle"}
    named |= {"publisher": {"phdthesis": "school", "techreport": "institution"}.get(kind, "publisher")}
    fields = {"title": f"{{{_tex(str(csl.get('title') or title_of(citation)))}}}"}
    for role in ("author", "editor"):
        people = (_written(name, "literal" in each) for each in csl.get(role, ()) if (name := name_of(each)))
        fields[role] = " and ".join(people)
    fields |= {"year": citation.date[:4], "month": _month(citation.date)}
    fields |= {field: _tex(str(csl[name])) for name, field in named.items() if csl.get(name)}
    if url := csl.get("URL"):
        fields["url"] = quote(str(url), safe=_URL, errors="replace")
    if citation.page is not None:
        fields["note"] = f"p. {citation.page}"
    fields["file"] = _verbatim(citation.document)
    lines = [f"  {name} = {value if name == 'month' else f'{{{value}}}'}" for name, value in fields.items() if value]
    key = re.sub(r"[^\w:.+/-]", "", str(csl.get("id", ""))) or key_of(citation)
    return printable(",\n".join([f"@{kind}{{{key}", *lines]) + "\n}")


def names_in(author: str) -> list[str]:
    """The people or bodies in a list of authors, each as `Ada Lovelace` or `Lovelace, Ada`."""
    if _BODY.search(author) and ";" not in author:  # its name may have "and" in it
        return [_ADDRESS.sub("", author) or author]
    names: list[str] = []
    for part in _BETWEEN.split(_ADDRESS.sub("", author) or author):
        pieces = [piece for piece in map(str.strip, part.split(",")) if piece]
        if len(pieces) > 1 and _SUFFIX.fullmatch(pieces[-1]):
            names.append(part.strip())
        elif len(pieces) % 2 == 0 and _are_inverted(pieces):
            names += [f"{last}, {first}" for last, first in zip(pieces[::2], pieces[1::2], strict=True)]
        else:
            names += pieces
    return names


def _are_inverted(pieces: list[str]) -> bool:
    """Whether these are `Lovelace, Ada` or `Lovelace, A., Babbage, C.`; `Ada Lovelace, Charles Babbage` are not."""
    if all(_INITIALS.fullmatch(first) for first in pieces[1::2]):
        return True
    return len(pieces) == 2 and " " not in pieces[0]


def _written(name: str, is_whole: bool = False) -> str:
    """A name in TeX; in braces, which keep it in one piece, if it `is_whole` or that of a body."""
    return f"{{{_tex(name)}}}" if is_whole or _BODY.search(name) or len(name.split()) > 4 else _tex(name)


def _month(date: str) -> str:
    return _MONTHS[int(date[5:7]) - 1] if len(date) >= 7 else ""


def key_of(citation: Citation) -> str:
    """`lovelace2024notes`: a name, the year and a word of the title, in plain letters."""
    names = names_in(citation.author)
    name = names[0] if names else PurePosixPath(citation.document).stem
    last = name.split(",")[0] if "," in name or not names else name.split()[-1]
    word = next((word for word in map(_plain, title_of(citation).split()) if len(word) > 3), "")
    return f"{_plain(last)}{citation.date[:4]}{word}" or "source"


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text)
    return "".join(c for c in folded if c.isascii() and c.isalnum()).lower()


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in " ".join(text.split()))


def _verbatim(text: str) -> str:
    """A path as it is, but for braces and line breaks, which would end the field."""
    return " ".join(text.split()).replace("{", "%7B").replace("}", "%7D")
