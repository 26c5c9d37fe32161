"""Parses files of records (JSON, JSON Lines, CSV): one Document for each record that contains a text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from ..text.document import Contents, Document
from .decoding import Empty, Unreadable, decode
from .markdown import parse_markdown
from .plain import parse_plain

MAX_RECORDS = 100_000  # of one file: each is a document, and all are in memory
_SAMPLE = 100  # records whose fields are listed in a message
_MAX_NAMES = 8
_MAX_NAME = 40  # characters
_DELIMITERS = ",;\t|"
_LINE_END = re.compile(r"\r\n?")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # characters that JSON can escape but no text file can contain
_BLANK_LINE = "\n\n"
_VALID_IN_SETTING = re.compile(r"[^=,]+")
# A heading with its mark, a fence, the rule under a table's header: these do not occur by chance.
_MARKDOWN = re.compile(r"^(?:#{1,6}[ \t]+\S|```|~~~|\|?[ \t]*:?-{3,}:?[ \t]*\|)", re.MULTILINE)
_HTML_START = re.compile(
    r"\s*<(?:!doctype|!--|html|body|main|article|section|div|p|h[1-6]|[uod]l|table|blockquote|pre|figure|header"
    r"|img|br|hr|a|b|i|em|strong|span)\b",
    re.IGNORECASE,
)
_HTML_WITHIN = re.compile(
    r"</(?:html|body|main|article|section|div|p|h[1-6]|[uod]l|table|blockquote|pre)\s*>|<br\s*/?>", re.IGNORECASE
)
# Numbers are kept as text: a year may be a title, and no number is too large.
_JSON = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda _: None)
_TOO_DEEP = "is nested too deeply to be read"


@dataclass(frozen=True, slots=True)
class Fields:
    """The field names for each part of an article, the likeliest first; case does not matter."""

    title: tuple[str, ...] = ("title", "headline", "name")
    text: tuple[str, ...] = ("text", "body", "content", "article", "articleBody", "content_html", "content_text")
    url: tuple[str, ...] = ("url", "link", "permalink")
    date: tuple[str, ...] = ("date", "published", "published_at", "date_published", "datePublished", "pubDate")
    author: tuple[str, ...] = ("author", "authors", "byline")

    @classmethod
    def named(cls, names: Mapping[str, str]) -> Fields:
        """The usual names, each preceded by the configured one (`{"text": "story"}`)."""
        defaults = cls()
        return cls(**{part: (name, *getattr(defaults, part)) for part, name in names.items()})


def parse_json(path: str, data: bytes, fields: Fields) -> Contents:
    """Parse a list of records, an object with one list of records, or an object that is itself a record.

    The third record of a list becomes `news.json#3`; a single one keeps the file's path. Raises Unreadable if the file
    is not valid JSON, Empty if no record contains a text.
    """
    text = decode(data)
    try:
        value = _JSON.decode(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _parse_lines(path, text, fields)  # JSON Lines files are often called .json
        raise Unreadable(f"is not JSON: there is an error in line {error.lineno}") from error
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    if isinstance(value, list):
        return _contents(path, enumerate(value, start=1), fields)
    if not isinstance(value, dict):
        raise Empty("contains no records")
    if not _record(value, fields).text:
        lists = [inner for inner in value.values() if isinstance(inner, list) and any(map(_is_record, inner))]
        article_lists = [inner for inner in lists if any(_record(entry, fields).text for entry in inner)]
        if len(article_lists) > 1:
            raise Unreadable("contains more than one list of records: put each into a separate file")
        if article_lists or len(lists) == 1:
            return _contents(path, enumerate((article_lists or lists)[0], start=1), fields)
    contents = _contents(path, [(0, value)], fields)
    return replace(contents, documents=tuple(replace(document, path=path) for document in contents.documents))


def parse_jsonl(path: str, data: bytes, fields: Fields) -> Contents:
    """Parse one record a line: `news.jsonl#3` is the third line, counting broken lines but not blank ones.

    A broken line is a problem, and the others are read. Raises as `parse_json` does.
    """
    return _parse_lines(path, decode(data), fields)


def parse_csv(path: str, data: bytes, fields: Fields) -> Contents:
    """Parse one record a row under a header: `news.csv#3` is the third row below it, not counting blank ones.

    The delimiter is that of comma, semicolon, tab and bar which yields a text field in the header. Raises as
    `parse_json` does.
    """
    text = decode(data)
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # no cell is longer than its file
    delimiter = max(_DELIMITERS, key=lambda mark: _rank(_header(text, mark), fields))
    header = _header(text, delimiter)
    uneven = 0

    def records() -> Iterator[tuple[int, object]]:
        nonlocal uneven
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for number, row in enumerate(islice(filter(any, rows), 1, None), start=1):
            uneven += len(row) != len(header)
            # A text in the last column may contain unquoted delimiters.
            cells = [*row[: len(header) - 1], delimiter.join(row[len(header) - 1 :])]
            yield number, dict(zip(header, cells, strict=False))

    contents = _contents(path, records(), fields, header)
    if not uneven:
        return contents
    problem = f"{_rows_have(uneven)} more or fewer cells than the header"
    return replace(contents, problems=(*contents.problems, problem))


def _header(text: str, delimiter: str) -> list[str]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return next(filter(any, rows), [])


def _rank(header: list[str], fields: Fields) -> tuple[bool, int]:
    return bool(_record(dict.fromkeys(header, "?"), fields).text), len(header)


def _parse_lines(path: str, text: str, fields: Fields) -> Contents:
    broken: list[int] = []

    def records() -> Iterator[tuple[int, object]]:
        lines = ((line_number, line) for line_number, line in enumerate(text.split("\n"), start=1) if line.strip())
        for number, (line_number, line) in enumerate(lines, start=1):
            try:
                value = _JSON.decode(line)
            except (json.JSONDecodeError, RecursionError):
                broken.append(line_number)
            else:
                yield number, value

    try:
        contents = _contents(path, records(), fields)
    except Empty as error:
        if broken:
            raise Unreadable(f"is not JSON Lines: line {broken[0]} is broken") from error
        raise
    if not broken:
        return contents
    problem = (
        f"line {broken[0]} is not JSON"
        if len(broken) == 1
        else f"{len(broken)} lines are not JSON (the first is line {broken[0]})"
    )
    return replace(contents, problems=(*contents.problems, problem))


# --- one record -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    """The fields of one record that make an article; a missing field is empty."""

    title: str = ""
    text: str = ""
    url: str = ""
    date: str = ""
    author: str = ""


_NO_RECORD = _Record()


def _is_record(value: object) -> bool:
    return isinstance(value, dict)


def _record(value: object, fields: Fields) -> _Record:
    if not isinstance(value, dict):
        return _NO_RECORD
    values = {name.strip().casefold(): field for name, field in value.items()}

    def first(names: tuple[str, ...], separator: str) -> str:
        texts = (_text(values.get(name.casefold()), separator) for name in names)
        return next((text for text in texts if text.strip()), "")

    return _Record(
        title=_one_line(first(fields.title, ", ")),
        text=first(fields.text, _BLANK_LINE),
        url=_one_line(first(fields.url, " ")),
        date=_one_line(first(fields.date, " ")),
        author=_one_line(first(fields.author, ", ")),
    )


def _text(value: object, separator: str) -> str:
    """The canonical text of a field: a list of strings is joined; other than strings and numbers are ignored."""
    if isinstance(value, list):
        return separator.join(filter(str.strip, (_text(entry, separator) for entry in value if isinstance(entry, str))))
    return _NOT_TEXT.sub("\ufffd", _LINE_END.sub("\n", value)) if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _document(path: str, record: _Record) -> Document:
    """Parse the text of a record as HTML, Markdown or plain text. Raises Empty for HTML without text."""
    if _HTML_START.match(record.text) and _HTML_WITHIN.search(record.text):
        from .web.page import parse_fragment

        document = parse_fragment(path, record.text, record.title)
    elif _MARKDOWN.search(record.text):
        document = parse_markdown(path, record.text, record.title)
    else:
        document = parse_plain(path, record.text, record.title)
    metadata = {"url": record.url, "date": record.date, "author": record.author}
    return replace(
        document, metadata={**document.metadata, **{name: value for name, value in metadata.items() if value}}
    )


# --- all records ------------------------------------------------------------------------------------------------------


def _contents(path: str, records: Iterable[tuple[int, object]], fields: Fields, header: Iterable[str] = ()) -> Contents:
    """The documents of numbered records; `header` contains the field names that are known in advance."""
    names: dict[str, int] = dict.fromkeys(header, 0)  # and the length of each field's texts
    documents: list[Document] = []
    textless, skipped = 0, 0
    for number, value in records:
        if number <= _SAMPLE and isinstance(value, dict):
            for name, field in value.items():
                names[name] = names.get(name, 0) + len(_text(field, _BLANK_LINE))
        if len(documents) == MAX_RECORDS:
            skipped += 1
            continue
        record = _record(value, fields)
        try:
            document = _document(f"{path}#{number}", record) if record.text else None
        except Empty:
            document = None
        if document is not None and document.blocks:
            documents.append(document)
        else:
            textless += 1
    if not documents:
        raise Empty(_why_empty(names, fields))
    problems = []
    if textless:
        problems.append("1 record contains no text" if textless == 1 else f"{textless} records contain no text")
    if skipped:
        problems.append(f"only its first {MAX_RECORDS} articles are read: split it")
    return Contents(tuple(documents), tuple(problems))


def _rows_have(number: int) -> str:
    return "1 row has" if number == 1 else f"{number} rows have"


def _why_empty(names: Mapping[str, int], fields: Fields) -> str:
    """What is missing, which fields there are, and how to configure one of them."""
    if not names:
        return "contains no records"
    text_fields = {name.casefold() for name in fields.text}
    blank = next((name.strip() for name in names if name.strip().casefold() in text_fields), None)
    if blank is not None:
        return f"contains no text in its field {blank!r}"
    shown = [_one_line(_NOT_TEXT.sub("\ufffd", name))[:_MAX_NAME] for name in islice(names, _MAX_NAMES)]
    more = ", …" if len(names) > _MAX_NAMES else ""
    suitable = [name for name in names if _VALID_IN_SETTING.fullmatch(name) and name in shown]
    likeliest = max(suitable, key=lambda name: names[name], default="NAME")
    return f"has no field {fields.text[0]!r} (it has: {', '.join(shown)}{more}): set QA_FIELDS=text={likeliest}"
