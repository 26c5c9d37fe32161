"""Reads exports of a reference manager that lie beside the files: BibTeX, or CSL-JSON.

An entry belongs to the file that it names, or whose name is its citation key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .works import Work, issued

ENDINGS = (".bib", ".bibtex", ".json")
_MOST_BYTES = 50_000_000
_HEAD_BYTES = 400
_MOST_FILES = 4_000  # characters that name the files of an entry
_HEAD = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*\[\s*\{\s*\"[\w-]+\"\s*:")
_ENTRY = re.compile(r"@(?P<type>[A-Za-z]+)\s*\{\s*(?P<key>[^,\s{}\"]+)\s*,")
_FIELD = re.compile(r"\s*,?\s*(?P<name>[A-Za-z][\w-]*)\s*=\s*")
_BARE = re.compile(r"[\w.-]+")
_ACCENT = re.compile(r"\{?\\[\"'`^~=.cvuHkrb]\s*\{?\\?([A-Za-z])\}?\}?")
_COMMAND = re.compile(r"\\[A-Za-z]+\s*")
_ESCAPED = re.compile(r"\\([&%$#_{}])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_FILE = re.compile(r"(?:^|(?<=;))(?:(?:[^:;\\]|\\.)*:)?((?:[A-Za-z]\\?:[\\/])?(?:[^:;\\]|\\.)+)(?::[^:;]*)?(?=;|$)")
_TYPES = {
    "article": "article-journal", "book": "book", "incollection": "chapter", "inbook": "chapter",
    "inproceedings": "paper-conference", "conference": "paper-conference", "phdthesis": "thesis",
    "mastersthesis": "thesis", "thesis": "thesis", "techreport": "report", "report": "report", "online": "webpage",
}  # fmt: skip
_FIELDS = {
    "title": "title", "journal": "container-title", "journaltitle": "container-title", "booktitle": "container-title",
    "volume": "volume", "number": "issue", "issue": "issue", "pages": "page", "publisher": "publisher",
    "school": "publisher", "institution": "publisher", "address": "publisher-place", "location": "publisher-place",
    "doi": "DOI", "isbn": "ISBN", "issn": "ISSN", "url": "URL", "edition": "edition", "series": "collection-title",
}  # fmt: skip


def works_in(export: Path, files: Sequence[Path]) -> dict[Path, Work]:
    """The works of an export by the locations of those `files` that they belong to; none if it is no export."""
    try:
        with export.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            is_json = export.suffix.lower() == ".json"
            if (is_json and not _HEAD.match(head)) or export.stat().st_size > _MOST_BYTES:
                return {}
            text = (head + file.read()).decode("utf-8-sig")
        entries = _csl_entries(text) if is_json else list(_bibtex_entries(text))
    except (OSError, ValueError, RecursionError):  # it is listed with its reason, as any file
        return {}
    known = {place: place for place in files if place != export}
    by_name: dict[str, list[Path]] = {}
    for place in known:
        if place.is_relative_to(export.parent):
            by_name.setdefault(place.stem.casefold(), []).append(place)
    found: dict[Path, Work] = {}
    for csl, named, tags in entries:
        places = [found_place for name in named if (found_place := known.get(export.parent / name)) is not None]
        key = str(csl.get("citation-key") or csl.get("id") or "")
        for place in places or by_name.get(key.casefold(), []):
            found.setdefault(place, Work({**csl, "id": key} if key else csl, tags))
    return found


_Entry = tuple[Mapping[str, Any], Sequence[str], tuple[str, ...]]


def _csl_entries(text: str) -> list[_Entry]:
    items = json.loads(text)
    kept = [item for item in items if isinstance(item, dict) and _is_csl(item)]
    return [(item, (), ()) for item in kept] if len(kept) == len(items) else []


def _is_csl(item: Mapping[str, Any]) -> bool:
    people = (item.get(role, []) for role in ("author", "editor"))
    are_people = all(isinstance(each, list) and all(isinstance(one, dict) for one in each) for each in people)
    date = item.get("issued", {})
    return are_people and isinstance(date, dict) and {"id", "type", "title"} <= item.keys()


def _bibtex_entries(text: str) -> Iterator[_Entry]:
    at = 0
    while (match := _ENTRY.search(text, at)) is not None:
        fields, at = _fields(text, match.end())
        kind = match["type"].lower()
        if kind not in ("comment", "preamble", "string"):
            csl = {"id": match["key"], "type": _TYPES.get(kind, "document"), **_csl_of(fields)}
            files = [re.sub(r"\\(.)", r"\1", each) for each in _FILE.findall(fields.get("file", "")[:_MOST_FILES])]
            tags = tuple(tag for each in fields.get("keywords", "").split(",") if (tag := _plain(each)))
            yield csl, files, tags


def _fields(text: str, at: int) -> tuple[dict[str, str], int]:
    """The fields of an entry from a place on, as they are written, and where they end."""
    fields: dict[str, str] = {}
    while (match := _FIELD.match(text, at)) is not None:
        at = match.end()
        if text[at : at + 1] in ("{", '"'):
            end = _value_end(text, at)
            value = text[at + 1 : end - 1]
        else:
            bare = _BARE.match(text, at)
            end = bare.end() if bare else at
            value = text[at:end]
        if end <= at:
            break
        fields.setdefault(match["name"].lower(), value)
        at = end
    return fields, at


def _value_end(text: str, at: int) -> int:
    """Where a value in braces or quotes ends that begins here."""
    depth, quoted = 0, text[at] == '"'
    for place in range(at, len(text)):
        sign = text[place]
        if text[place - 1] == "\\" and place > at:
            continue
        depth += (sign == "{") - (sign == "}")
        if (not quoted and not depth) or (quoted and place > at and sign == '"' and not depth):
            return place + 1
    return len(text)


def _csl_of(fields: Mapping[str, str]) -> dict[str, Any]:
    csl: dict[str, Any] = {_FIELDS[name]: _plain(value) for name, value in fields.items() if name in _FIELDS}
    for role in ("author", "editor"):
        if people := [_person(each) for each in _AND.split(" ".join(fields.get(role, "").split())) if each]:
            csl[role] = people
    date = _plain(fields.get("date", "")) or _plain(fields.get("year", ""))
    month = _plain(fields.get("month", "")).lower()[:3]
    if month in _MONTHS and re.fullmatch(r"\d{4}", date):
        date = f"{date}-{_MONTHS.index(month) + 1:02}"
    return {**csl, "issued": issued(date)} if issued(date) else csl


def _person(name: str) -> dict[str, str]:
    if name.startswith("{") and name.endswith("}"):
        return {"literal": _plain(name)}
    family, comma, given = name.partition(",")
    if not comma:
        given, _, family = name.rpartition(" ")
    named = {"family": _plain(family), "given": _plain(given)}
    return {role: value for role, value in named.items() if value}


def _plain(value: str) -> str:
    """A value without its TeX; an accent is left out with its command."""
    text = _COMMAND.sub("", _ACCENT.sub(r"\1", _ESCAPED.sub(r"\1", value)))
    return " ".join(text.replace("{", "").replace("}", "").replace("--", "–").split())
