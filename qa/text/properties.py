"""The properties of a document as a part of its text: the front matter it has, or lines that are put at its end.

They can be cited like everything else in the text, but no passage contains them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from .document import Document, Section, Span, without_record

HEADING = "Properties"
_FENCED = re.compile(r"(---|\+\+\+)[ \t]*\n.*?^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
# The properties that name the authors and the tags of a document.
AUTHORS = ("author", "authors", "by", "from")
INLINE_TAGS = "inline tags"  # those in the text of a note
TAGS = ("tags", "tag", "keywords", "categories", INLINE_TAGS)
# Other names of a note.
ALIASES = ("aliases", "alias")
BETWEEN_VALUES = re.compile(r"[,;\n]+|\s+#|^#")
_WORD = re.compile(r"[^\W_]+")
_TAG_MARK = re.compile(r"[,;]")
_MOST_TAGS, _LONGEST_TAG = 15, 60
_MOST_LABELS = 400  # characters of the authors and tags that are searched for
_SHOWN = ("author", "date", "saved", "tags")
# What programs and templates write where nobody has written anything.
_NOISE = re.compile(
    r"\W*(?:anonymous|unknown|untitled\d*|none|null|n/?a|admin(?:istrator)?|user\d*|author|owner|root|default|test"
    r"|microsoft (?:office )?(?:word|excel|powerpoint|user)\b.*|python-docx|openpyxl|pandoc|[a-z]:[\\/].*|/\S+/\S*"
    r"|\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?)?\W*",
    re.IGNORECASE,
)


def tags_of(values: Iterable[str]) -> str:
    """The tags in these lists, joined with commas; empty if there are so many that they were put there for searches."""
    tags = dict.fromkeys(tag for value in values for tag in map(str.strip, _TAG_MARK.split(value)) if tag)
    return ", ".join(tags) if len(tags) <= _MOST_TAGS and all(len(tag) <= _LONGEST_TAG for tag in tags) else ""


def is_noise(value: str) -> bool:
    """Whether a program made up this title or name: (anonymous), untitled, Microsoft Word - …, a path, a GUID."""
    return _NOISE.fullmatch(value) is not None


def other_names(metadata: Mapping[str, str]) -> list[str]:
    """The other names that a note gives itself."""
    return [name for key in ALIASES for name in BETWEEN_VALUES.split(metadata.get(key, "")) if name.strip()]


def searched_labels(path: str, metadata: Mapping[str, str], title: str) -> str:
    """The authors, other names and tags of a document that its title does not say, as the word index has them.

    A record has none: its fields are its text. Names that a program made up and long lists of tags are left out.
    """
    if without_record(path) != path:
        return ""
    authors = [value for name in AUTHORS for value in BETWEEN_VALUES.split(metadata.get(name, ""))]
    tags = [value for name in TAGS for value in BETWEEN_VALUES.split(tags_of([metadata.get(name, "")]))]
    said = {word.casefold() for word in _WORD.findall(title)}
    labels: dict[tuple[str, ...], str] = {}
    for value in (*authors, *other_names(metadata), *tags):
        words = tuple(word.casefold() for word in _WORD.findall(value))
        if not said.issuperset(words) and not is_noise(value):
            labels.setdefault(words, " ".join(value.split()))
    return ", ".join(labels.values())[:_MOST_LABELS]


def with_properties(document: Document) -> Document:
    """The document with its author, dates and tags as lines `Author: …` at its end, unless its text begins with them.

    A record of a file with many has none: its fields are its text. Names that a program made up are dropped.
    """
    metadata = {name: value for name, value in document.metadata.items() if name != "author" or not is_noise(value)}
    document = replace(document, metadata=metadata)
    shown = {name: metadata[name] for name in _SHOWN if metadata.get(name, "").strip()}
    is_record = without_record(document.path) != document.path
    if not shown or not document.blocks or is_record or _literal(document.text, shown):
        return document
    lines = "\n".join(f"{name.capitalize()}: {value}" for name, value in shown.items())
    start = len(document.text)
    text = f"{document.text.rstrip()}\n\n"
    text = f"{text if len(text) >= start else document.text}{HEADING}\n\n{lines}\n"
    begin = text.rindex(f"{HEADING}\n\n{lines}")
    sections = tuple(
        replace(section, span=Span(section.span.start, begin)) if section.span.end == start else section
        for section in document.sections
    )
    own = Section((HEADING,), 1, Span(begin, len(text)))
    pages = tuple(replace(page, end=len(text)) if page.end == start else page for page in document.pages)
    return replace(document, text=text, sections=(*sections, own), pages=pages)


def block_of(document: Document) -> Span | None:
    """The part of a document's text that lists its properties; None if there is none."""
    text = document.text
    match = _FENCED.match(text, 0, 50_000)
    if match:
        return Span(match.start() + 3, match.end()).trimmed(text)
    if text.startswith("From: "):  # a mail
        end = text.find("\n\n", 0, 50_000)
        return Span(0, end if end > 0 else len(text)).trimmed(text)
    if text.startswith("{") and (end := text.find("\n}", 0, 50_000)) > 0:
        return Span(0, end + 2)
    last = document.sections[-1] if document.sections else None
    return last.span.trimmed(text) if last is not None and last.path == (HEADING,) else None


def entry_of(document: Document, name: str) -> Span | None:
    """The line of a property (`author: Ada`) in the text, with the lines of its list; None if it is not there."""
    block = block_of(document)
    if block is None:
        return None
    line = re.compile(
        rf"^[ \t]*[\"']?(?:[\w.]*\.)?{re.escape(name)}[\"']?[ \t]*[:=].*(?:\n(?:[ \t]+|-[ \t])\S.*)*", re.I | re.M
    )
    match = line.search(document.text, block.start, block.end)
    if match is None:
        return None
    is_json = match[0].lstrip().startswith('"')
    return Span(match.start(), match.start() + len(match[0].split("\n")[0]) if is_json else match.end()).trimmed(
        document.text
    )


def _literal(text: str, shown: Mapping[str, str]) -> bool:
    """Whether the text begins with front matter, or has the lines itself, as a mail does."""
    return (
        _FENCED.match(text, 0, 50_000) is not None
        or text.startswith(("{", "---", "From: "))
        or all(re.search(rf"^{name}\s*[:=]", text[:20_000], re.I | re.M) for name in shown)
    )
