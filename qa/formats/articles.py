"""Makes articles of records: the text among their fields, or all of their fields, and what the fields say about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..text.document import Document, Span
from .builder import TextBuilder
from .decoding import Empty
from .markdown import parse_markdown
from .markup import is_html, is_markdown
from .named_values import clean, is_number, label, name_within, one_line, text_within
from .plain import parse_plain
from .record_text import TITLES, WRAPPERS, RecordWriter, says_something, title_of
from .timestamps import moment, written

_MAX_DEPTH = 3  # of the object with the text within a record
_MAX_OBJECTS = 50  # of a record that are searched
# Objects that say something about the record around them.
_ABOUT = {*WRAPPERS, "meta", "metadata", "info", "header", "headers", "frontmatter"}
_LONG_ID = 15  # characters of a number that only programs use
_HAS_TIME = 11  # characters from which a date has hours


@dataclass(frozen=True, slots=True)
class Fields:
    """The field names for each part of an article, the likeliest first; case does not matter."""

    title: tuple[str, ...] = ("title", "headline", "name", "subject", "label", "heading", "displayName")
    text: tuple[str, ...] = (
        "text", "body", "content", "article", "articleBody", "content_html", "content_text", "textContent",
        "full_text", "selftext",
    )  # fmt: skip
    url: tuple[str, ...] = ("url", "link", "permalink", "html_url", "webUrl")
    date: tuple[str, ...] = (
        "date", "published", "published_at", "date_published", "datePublished", "pubDate", "publishedAt", "created_at",
        "created", "createdAt", "dateCreated", "creationDate", "create_time", "timestamp", "issued",
    )  # fmt: skip
    author: tuple[str, ...] = ("author", "authors", "byline", "creator", "user", "from")

    @classmethod
    def named(cls, names: Mapping[str, str]) -> Fields:
        """The usual names, each preceded by the configured one (`{"text": "story"}`)."""
        defaults = cls()
        return cls(**{part: (name, *getattr(defaults, part)) for part, name in names.items()})


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one record that make an article; a missing one is empty.

    `shown` are the fields that need not be written below the text: the `id` of their object, and their name.
    """

    title: str = ""
    text: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    shown: frozenset[tuple[int, str]] = frozenset()


def record_of(value: dict[str, Any], fields: Fields) -> Record:
    """The parts of an article among the fields of a record, and of the objects within it that stand for it."""
    main, text, text_name = _main(value, fields)
    around = [main, *(other for other in _objects(value, _ABOUT) if other is not main)]
    parts: dict[str, tuple[str, int, str]] = {}
    for part, read in (("title", name_within), ("url", _address), ("date", _date), ("author", _author)):
        for each in around:
            found = _first(each, getattr(fields, part), read)
            if found[0]:
                parts[part] = (found[0], id(each), found[1])
                break
    shown = {(where, name) for _, where, name in parts.values()} | ({(id(main), text_name)} if text else set())
    metadata = {part: parts[part][0] for part in parts if part != "title"}
    title = parts.get("title", ("", 0, ""))[0]
    return Record(title, text, metadata, frozenset(shown if text else ()))


def document_of(path: str, value: Any, fields: Fields, heading: str = "") -> tuple[Document | None, list[str]]:
    """The article of one record, and what of the record is not read; None for a record without anything to read.

    A text keeps its own words as the canonical text, with the other fields in lines below it; a record without a text
    is written as lines. `heading` is the name of the list that contains such a record.
    """
    if isinstance(value, str) and not is_number(value):
        value = {fields.text[0]: value}
    if not says_something(value):
        return None, []
    record = record_of(value, fields) if isinstance(value, dict) else Record()
    builder = TextBuilder()
    skipped = record.shown | _numbers(value, record)
    writer = RecordWriter(builder, skipped)
    if not record.text:
        builder.heading(2, heading)
    writer.write(value, 2 + bool(heading))
    title = record.title or (_name_of(value, fields) if isinstance(value, dict) else "")
    fields_below = builder.document(path, title)
    document = _text(path, record) if record.text else None
    if document is None or not document.blocks:
        document = None if _only_names(fields_below, value, heading) else fields_below
    elif fields_below.blocks:
        document = joined(document, fields_below)
    return document and replace(document, metadata={**document.metadata, **dict(record.metadata)}), writer.problems


def _name_of(value: dict[str, Any], fields: Fields) -> str:
    """What a record without a title may be called: its first name-like field, or the name of the one object in it."""
    inner = [title_of(each, fields.title) for each in value.values() if isinstance(each, dict)]
    named = [name for name in inner if name]
    return title_of(value, (*fields.title, *TITLES)) or (named[0] if len(named) == 1 else "")


def _numbers(value: Any, record: Record) -> set[tuple[int, str]]:
    """The number of a record within its file, unless it is all that identifies the record."""
    if not isinstance(value, dict) or not (record.title or record.text):
        return set()
    return {(id(value), name) for name in ("id", "_id", "ID", "Id") if _is_code(value.get(name))}


def _is_code(value: object) -> bool:
    return isinstance(value, str) and (value.isdigit() or len(value) > _LONG_ID)


def _only_names(document: Document, value: Any, heading: str) -> bool:
    """Whether a record says nothing but its own name, and its list's."""
    said = [block.span.of(document.text) for block in document.blocks]
    names = isinstance(value, dict) and said and said[-1].rpartition(": ")[2] == document.title
    return not said or said == [heading] or bool(names and len(said) == 1)


def joined(document: Document, below: Document) -> Document:
    """A document with the text of another one below its own, in sections of its own."""
    text = document.text.rstrip("\n") + "\n\n"
    text = document.text + text[len(document.text) :] if len(text) > len(document.text) else document.text
    offset, sections = len(text), len(document.sections)

    def moved(span: Span) -> Span:
        return Span(span.start + offset, span.end + offset)

    last = document.sections[-1]
    return replace(
        document,
        text=text + below.text,
        sections=(
            *document.sections[:-1],
            replace(last, span=Span(last.span.start, offset)),
            *(replace(section, level=section.level or 1, span=moved(section.span)) for section in below.sections),
        ),
        blocks=(
            *document.blocks,
            *(
                replace(
                    block,
                    span=moved(block.span),
                    section=block.section + sections,
                    parts=tuple(map(moved, block.parts)),
                    header=block.header and moved(block.header),
                )
                for block in below.blocks
            ),
        ),
    )


def _text(path: str, record: Record) -> Document | None:
    """The text of a record, parsed as HTML, Markdown or plain text."""
    if is_html(record.text):
        from .web.page import parse_fragment

        try:
            return parse_fragment(path, record.text, record.title)
        except Empty:
            return None
    parse = parse_markdown if is_markdown(record.text) else parse_plain
    return parse(path, record.text, record.title)


# --- fields -----------------------------------------------------------------------------------------------------------


def _main(value: dict[str, Any], fields: Fields) -> tuple[dict[str, Any], str, str]:
    """The object that holds the text of a record, the text, and the name of its field; the record if there is none."""
    has_title = bool(title_of(value, fields.title))
    for each in _objects(value, WRAPPERS if has_title else None):
        text, name = _first(each, fields.text, text_within)
        if text:
            return each, text, name
    return next((each for each in _objects(value, WRAPPERS) if title_of(each, fields.title)), value), "", ""


def _objects(value: dict[str, Any], names: set[str] | None) -> Iterator[dict[str, Any]]:
    """A record and the objects within it, the nearest first; only those with one of these names, if any are given."""
    waiting = [(value, 0)]
    for each, depth in waiting:
        yield each
        if depth < _MAX_DEPTH and len(waiting) < _MAX_OBJECTS:
            waiting += [
                (inner, depth + 1)
                for name, inner in each.items()
                if isinstance(inner, dict) and (names is None or label(name).casefold() in names)
            ]


def _first(value: dict[str, Any], names: tuple[str, ...], read: Any) -> tuple[str, str]:
    """The first of the named fields that has a text, as `read` takes it, with the field's real name."""
    by_name = {name.strip().casefold(): name for name in value}
    for name in names:
        real = by_name.get(name.casefold())
        if real is not None and (text := read(value[real])).strip():
            return text, real
    return "", ""


def _address(value: object) -> str:
    return one_line(clean(value)) if isinstance(value, str) else ""


def _author(value: object) -> str:
    name = name_within(value)
    return "" if name.isdigit() else name


def _date(value: object) -> str:
    """A date as the record states it; a number of seconds, or a time with its zone, becomes a date in UTC."""
    if isinstance(value, dict):
        value = value.get("date-parts") or value.get("$date") or value.get("dateTime") or value.get("date")
        while isinstance(value, list) and value and isinstance(value[0], list):
            value = value[0]
        if isinstance(value, list):
            return "-".join(part.zfill(2) for part in value if isinstance(part, str) and part.isdigit())
    if not isinstance(value, str):
        return ""
    text = one_line(clean(value))
    when = moment(text) if len(text) > _HAS_TIME or text.isdigit() else None
    return written(when) if when else text
