"""Title, author and date of a PDF from its properties, unless a program made them up; and what could not be read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import PurePosixPath

from ...text.properties import tags_of
from .words import Fault

_GUID = r"\{?[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?"
_FILE = (
    r".*\.(?:docx?|docm|dotx?|pdf|indd|inx|qxp?d?|ai|cdr|pub|pmd|fm|tex|dvi|e?ps|rtf|od[tspg]|x?html?|mht|txt|md|xml"
    r"|pptx?|ppsx?|xls[xmb]?|csv|jpe?g|png|tiff?|pages|key|numbers|wp[ds]|tmp|dwg|rpt|aspx?|php|jsp)"
)
_NO_TITLE = re.compile(
    r"microsoft® |(?:microsoft )?(?:office )?(?:word|excel|powerpoint) - |microsoft (?:word|powerpoint|excel|office)\b"
    r"|\(?(?:anonymous|unspecified|unknown|none|null|n/?a|untitled.*|unbenannt.*|no (?:title|name)|sans (?:titre|nom)"
    r"|ohne titel|sin t[ií]tulo|senza titolo|title(?: here)?|new document|full page (?:photo|fax).*)\)?\Z"
    r"|(?:document|dokument|documento|presentation|présentation|präsentation|book|slide|folie|sheet|layout|scan|page"
    r"|powerpoint[- ]pr\w+|présentation powerpoint|image|print|job|template)[ _-]?\d*\Z"
    rf"|about:|cid:|\w+://|www\.|{_GUID}\Z|(?:[a-z]:)?[\\/]\S|{_FILE}\Z|[\W\d_]*\Z|\S*[_\\]\S*\Z",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"\(?(?:anonymous|unspecified|unknown|none|null|n/?a|(?:windows |microsoft office |office |default |pc |the )?user"
    r"|admin(?:istrator)?|root|owner|guest|author|name|default|test|me|hp|dell|lenovo|acer|asus|pc|home|office)\d*\)?\Z"
    rf"|{_GUID}\Z|[\W\d_]*\Z|(?:la|pdf)tex\b|libreoffice|openoffice|wkhtml|ghostscript|reportlab|pdfcreator",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")
_FIRST_YEAR = 1993  # of the format: an earlier date is that of a clock that was not set
_WORD = re.compile(r"[^\W_]+")
_LISTED = 8  # pages, before the others are only counted
_FAULTS: Mapping[Fault, tuple[str, str]] = {
    "scanned": ("looks scanned", "look scanned"),
    "damaged": ("is damaged", "are damaged"),
    "undecoded": ("has text that cannot be decoded", "have text that cannot be decoded"),
}


def given_title(path: str, title: str, first_page: Iterable[str]) -> str:
    """The title in the properties; empty if it names a file or a program, or has no word of the first page."""
    if len(title) < 3 or _NO_TITLE.match(title) or title == PurePosixPath(path).stem:
        return ""
    shown = "\n".join(first_page).casefold()
    words = _significant(title)
    written = set(_WORD.findall(unicodedata.normalize("NFKC", shown)))
    # Without spaces between words, as in Chinese, a title is found within longer runs of characters.
    return title if any(word in written or (not word.isascii() and word in shown) for word in words) else ""


def _significant(title: str) -> list[str]:
    words = _WORD.findall(unicodedata.normalize("NFKC", title).casefold())
    return [word for word in words if not word.isdigit() and (len(word) > 2 or not word.isascii())]


def fields(properties: Mapping[str, str]) -> dict[str, str]:
    """The author, the date (ISO 8601) and the tags of a file, as far as they are given and not by a program."""
    author, tags = properties.get("Author", ""), tags_of([properties.get("Keywords", "")])
    found = {"author": "" if _NO_AUTHOR.match(author) else author, "date": _date(properties), "tags": tags}
    return {name: value for name, value in found.items() if value}


def _date(properties: Mapping[str, str]) -> str:
    for name in ("CreationDate", "ModDate"):
        match = _DATE.match(properties.get(name, ""))
        if match and int(match[1]) >= _FIRST_YEAR:
            try:
                return date(int(match[1]), int(match[2] or 1), int(match[3] or 1)).isoformat()
            except ValueError:
                continue  # month 13: the other date may be valid
    return ""


def coverage(faults: Sequence[Fault]) -> tuple[str, ...]:
    """What to say of a file with these faults of its pages: `2 of 3 pages; page 2 looks scanned`."""
    faulty = [(number, fault) for number, fault in enumerate(faults, 1) if fault]
    if not faulty:
        return ()
    told = [f"{len(faults) - len(faulty):,} of {len(faults):,} pages"]
    for fault, forms in _FAULTS.items():
        numbers = [number for number, each in faulty if each == fault]
        if numbers:
            told.append(f"{_pages(numbers)} {forms[len(numbers) > 1]}")
    return ("; ".join(told),)


def _pages(numbers: Sequence[int]) -> str:
    """`page 2`, `pages 2–4 and 9`."""
    runs = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        first, *rest = [number for _, number in run]
        runs.append(f"{first}–{rest[-1]}" if rest else str(first))
    if len(runs) > _LISTED:
        return f"pages {', '.join(runs[:_LISTED])} and others"
    *before, last = runs
    return f"page{'s' * (len(numbers) > 1)} {', '.join(before)}{' and ' * bool(before)}{last}"
