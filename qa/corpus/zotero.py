"""Reads what the database of Zotero says of the files in its storage. Zotero may be running: a copy is read."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..formats.decoding import Unreadable
from ..sandbox.pool import SandboxProcess
from .works import Work, issued

NAME = "zotero.sqlite"
_KEY = re.compile(r"^\s*citation key\s*:\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")
_TYPES = {
    "journalArticle": "article-journal", "magazineArticle": "article-magazine", "newspaperArticle": "article-newspaper",
    "preprint": "article", "book": "book", "bookSection": "chapter", "conferencePaper": "paper-conference",
    "thesis": "thesis", "report": "report", "webpage": "webpage", "blogPost": "post-weblog", "manuscript": "manuscript",
    "patent": "patent", "presentation": "speech", "encyclopediaArticle": "entry-encyclopedia", "dataset": "dataset",
    "dictionaryEntry": "entry-dictionary", "statute": "legislation", "case": "legal_case",
    "computerProgram": "software", "letter": "personal_communication", "interview": "interview",
}  # fmt: skip
_FIELDS = {
    "title": "title", "publicationTitle": "container-title", "bookTitle": "container-title",
    "proceedingsTitle": "container-title", "encyclopediaTitle": "container-title",
    "dictionaryTitle": "container-title", "websiteTitle": "container-title", "blogTitle": "container-title",
    "volume": "volume", "issue": "issue", "pages": "page", "publisher": "publisher", "university": "publisher",
    "institution": "publisher", "place": "publisher-place", "DOI": "DOI", "ISBN": "ISBN", "ISSN": "ISSN", "url": "URL",
    "edition": "edition", "series": "collection-title", "language": "language", "citationKey": "id",
}  # fmt: skip
# People who did not write it.
_OTHERS = ("contributor", "seriesEditor", "reviewedAuthor", "bookAuthor", "counsel", "recipient", "commenter", "guest")


def works_in(database: Path) -> dict[Path, Work]:
    """The works by the locations of their files; none, with a warning, if it is not a database of Zotero.

    It is read in a sandbox process, like any other file, since anybody may have made it.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="qa-zotero-") as folder, SandboxProcess() as process:
            copy = Path(folder) / NAME
            for ending in ("", "-journal", "-wal"):
                if (part := database.with_name(f"{NAME}{ending}")).is_file():
                    shutil.copyfile(part, copy.with_name(f"{NAME}{ending}"))
            return process.show({"do": "zotero", "path": str(copy)}, b"", partial(_works, home=database.parent))
    except (OSError, Unreadable) as error:
        logging.getLogger(__name__).warning("%s cannot be read as Zotero's database: %s", database, error)
        return {}


def _works(tables: Mapping[str, Any], home: Path) -> dict[Path, Work]:
    attachments = tables["attachments"]
    wanted = {parent for _, _, parent, _, _ in attachments}
    items: dict[int, dict[str, Any]] = {
        number: {"type": _TYPES.get(str(kind), "document")} for number, kind in tables["items"] if number in wanted
    }
    for number, field, value in tables["values"]:
        if number in items:
            _add_field(items[number], str(field), str(value))
    for number, role, first, last, mode in tables["creators"]:
        if number in items and role not in _OTHERS:
            first, last = str(first or ""), str(last or "")
            name = {"literal": last} if mode == 1 or not first else {"family": last, "given": first}
            items[number].setdefault("author" if role not in ("editor", "translator") else role, []).append(name)
    tags: dict[int, list[str]] = {}
    for number, tag in tables["tags"]:
        tags.setdefault(number, []).append(str(tag))
    groups = dict(tables["groups"])
    found: dict[Path, Work] = {}
    for _, key, parent, path, library in attachments:
        place = _location(str(path), str(key), home)
        if place is not None and parent in items:
            shelf = f"groups/{groups[library]}" if library in groups else "library"
            app = f"zotero://open-pdf/{shelf}/items/{key}"
            found[place] = Work(items[parent], tuple(tags.get(parent, ())), app)
    return found


def _add_field(item: dict[str, Any], field: str, value: str) -> None:
    if field == "date":
        match = _DATE.match(value)
        item |= {"issued": date} if match and (date := issued(match[0])) else {}
    elif field == "extra":
        match = _KEY.search(value)
        item |= {"id": match[1]} if match else {}
    elif field in _FIELDS:
        item[_FIELDS[field]] = value


def _location(path: str, key: str, home: Path) -> Path | None:
    """Where an attachment is: in the storage, or anywhere if it is a linked file."""
    if path.startswith("storage:"):
        name = path.removeprefix("storage:")
        return None if "/" in name or not name else home / "storage" / key / name
    return Path(path) if Path(path).is_absolute() else None


def databases_of(locations: Mapping[str, Path], roots: tuple[Path, ...]) -> list[Path]:
    """The databases whose storage holds some of these files, or that are at the top of a folder of the corpus."""
    stored = (place for place in locations.values() if "storage" in str(place))  # hardly any, and of those the parents
    homes = {place.parent.parent.parent for place in stored if place.parent.parent.name == "storage"}
    return sorted(home / NAME for home in {*homes, *roots} if (home / NAME).is_file())
