"""Files of records (JSON, JSON Lines, CSV) → one Document for each record that holds a text.

It knows nothing about folders, or how the names of the fields were configured.
"""

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

MOST_RECORDS = 100_000  # of one file: each is a document, and all are held in memory
_SAMPLE = 100  # records that are looked at to say which fields there are
_MOST_NAMES = 8
_LONGEST_NAME = 40
_DELIMITERS = ",;\t|"
_LINE_END = re.compile(r"\r\n?")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # what JSON can write and no file can hold
_BLANK_LINE = "\n\n"
_IN_A_SETTING = re.compile(r"[^=,]+")
# A heading with its mark, a fence, the line under a table's header: nobody writes these by chance.
_MARKDOWN = re.compile(r"^(?:#{1,6}[ \t]+\S|```|~~~|\|?[ \t]*:?-{3,}:?[ \t]*\|)", re.MULTILINE)
_HTML_START = re.compile(
    r"\s*<(?:!doctype|!--|html|body|main|article|section|div|p|h[1-6]|[uod]l|table|blockquote|pre|figure|header"
    r"|img|br|hr|a|b|i|em|strong|span)\b",
    re.IGNORECASE,
)
_HTML_WITHIN = re.compile(
    r"</(?:html|body|main|article|section|div|p|h[1-6]|[uod]l|table|blockquote|pre)\s*>|<br\s*/?>", re.IGNORECASE
)
# Numbers stay as they are written: a year is a title, and no number is too large.
_JSON = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda _: None)
_DEEP = "is nested too deeply to be read"


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of the fields that hold each part of an article, the likeliest first; case does not count."""

    title: tuple[str, ...] = ("title", "headline", "name")
    text: tuple[str, ...] = ("text", "body", "content", "article", "articleBody", "content_html", "content_text")
    url: tuple[str, ...] = ("url", "link", "permalink")
    date: tuple[str, ...] = ("date", "published", "published_at", "date_published", "datePublished", "pubDate")
    author: tuple[str, ...] = ("author", "authors", "byline")

    @classmethod
    def named(cls, names: Mapping[str, str]) -> Fields:
        """The names that were chosen for some parts (`{"text": "story"}`), each before the usual ones."""
        usual = cls()
        return cls(**{part: (name, *getattr(usual, part)) for part, name in names.items()})


def parse_json(path: str, data: bytes, fields: Fields) -> Contents:
    """The records of a list, of the one list that an object wraps, or an object that is itself one record.

    The record that is the third in its list becomes `news.json#3`; a lone one keeps the file's path. Raises
    Unreadable for what is not JSON, Empty where no record holds a text.
    """
    text = decode(data)
    try:
        value = _JSON.decode(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _of_lines(path, text, fields)  # JSON Lines are often named so
        raise Unreadable(f"is not JSON: there is an error in line {error.lineno}") from error
    except RecursionError:
        raise Unreadable(_DEEP) from None
    if isinstance(value, list):
        return _contents(path, enumerate(value, start=1), fields)
    if not isinstance(value, dict):
        raise Empty("holds no records")
    if not _record(value, fields).text:
        lists = [inner for inner in value.values() if isinstance(inner, list) and any(map(_is_record, inner))]
        of_articles = [inner for inner in lists if any(_record(entry, fields).text for entry in inner)]
        if len(of_articles) > 1:
            raise Unreadable("holds more than one list of records: keep each in a file of its own")
        if of_articles or len(lists) == 1:
            return _contents(path, enumerate((of_articles or lists)[0], start=1), fields)
    alone = _contents(path, [(0, value)], fields)
    return replace(alone, documents=tuple(replace(document, path=path) for document in alone.documents))


def parse_jsonl(path: str, data: bytes, fields: Fields) -> Contents:
    """One record a line; `news.jsonl#3` is the third, those that are broken counted too, blank lines not.

    Raises as `parse_json` does; a broken line is a problem, and the others are read.
    """
    return _of_lines(path, decode(data), fields)


def parse_csv(path: str, data: bytes, fields: Fields) -> Contents:
    """One record a row under a header; `news.csv#3` is the third row after it, blank ones not counted.

    Commas, semicolons, tabs or bars are told apart by which of them sets off a field of text in the header.
    Raises as `parse_json` does.
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
            # A text in the last column may hold marks that nobody quoted.
            cells = [*row[: len(header) - 1], delimiter.join(row[len(header) - 1 :])]
            yield number, dict(zip(header, cells, strict=False))

    contents = _contents(path, records(), fields, header)
    if not uneven:
        return contents
    problem = f"{_counted(uneven, 'row')} more or fewer cells than the header"
    return replace(contents, problems=(*contents.problems, problem))


def _header(text: str, delimiter: str) -> list[str]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return next(filter(any, rows), [])


def _rank(header: list[str], fields: Fields) -> tuple[bool, int]:
    return bool(_record(dict.fromkeys(header, "?"), fields).text), len(header)


def _of_lines(path: str, text: str, fields: Fields) -> Contents:
    broken: list[int] = []

    def records() -> Iterator[tuple[int, object]]:
        written = ((place, line) for place, line in enumerate(text.split("\n"), start=1) if line.strip())
        for number, (place, line) in enumerate(written, start=1):
            try:
                value = _JSON.decode(line)
            except (json.JSONDecodeError, RecursionError):
                broken.append(place)
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
        else f"{len(broken)} lines are not JSON, {broken[0]} the first"
    )
    return replace(contents, problems=(*contents.problems, problem))


# --- one record -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    """What the fields of one record hold, each empty where it holds nothing."""

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
    values = {name.strip().casefold(): held for name, held in value.items()}

    def first(names: tuple[str, ...], between: str) -> str:
        found = (_words(values.get(name.casefold()), between) for name in names)
        return next((words for words in found if words.strip()), "")

    return _Record(
        title=_one_line(first(fields.title, ", ")),
        text=first(fields.text, _BLANK_LINE),
        url=_one_line(first(fields.url, " ")),
        date=_one_line(first(fields.date, " ")),
        author=_one_line(first(fields.author, ", ")),
    )


def _words(value: object, between: str) -> str:
    """What a field holds as canonical text: a list joined, nothing of what is neither words nor a number."""
    if isinstance(value, list):
        return between.join(filter(str.strip, (_words(entry, between) for entry in value if isinstance(entry, str))))
    return _NOT_TEXT.sub("\ufffd", _LINE_END.sub("\n", value)) if isinstance(value, str) else ""


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _document(path: str, record: _Record) -> Document:
    """The text in the form that it plainly has. Raises Empty for HTML without words."""
    if _HTML_START.match(record.text) and _HTML_WITHIN.search(record.text):
        from .web.page import parse_fragment

        document = parse_fragment(path, record.text, record.title)
    elif _MARKDOWN.search(record.text):
        document = parse_markdown(path, record.text, record.title)
    else:
        document = parse_plain(path, record.text, record.title)
    own = {"url": record.url, "date": record.date, "author": record.author}
    return replace(document, metadata={**document.metadata, **{name: held for name, held in own.items() if held}})


# --- all records ------------------------------------------------------------------------------------------------------


def _contents(path: str, records: Iterable[tuple[int, object]], fields: Fields, header: Iterable[str] = ()) -> Contents:
    """The documents of numbered records; `header` are the names of fields that are known before any is read."""
    names: dict[str, int] = dict.fromkeys(header, 0)  # and how much each holds
    documents: list[Document] = []
    without, left = 0, 0
    for number, value in records:
        if number <= _SAMPLE and isinstance(value, dict):
            for name, held in value.items():
                names[name] = names.get(name, 0) + len(_words(held, _BLANK_LINE))
        if len(documents) == MOST_RECORDS:
            left += 1
            continue
        record = _record(value, fields)
        try:
            document = _document(f"{path}#{number}", record) if record.text else None
        except Empty:
            document = None
        if document is not None and document.blocks:
            documents.append(document)
        else:
            without += 1
    if not documents:
        raise Empty(_why_empty(names, fields))
    problems = []
    if without:
        problems.append(f"{_counted(without, 'record')} no text")
    if left:
        problems.append(f"only its first {MOST_RECORDS} articles are read: split it")
    return Contents(tuple(documents), tuple(problems))


def _counted(number: int, thing: str) -> str:
    """`1 record holds`, `2 records hold`."""
    return f"1 {thing} holds" if number == 1 else f"{number} {thing}s hold"


def _why_empty(names: Mapping[str, int], fields: Fields) -> str:
    """What is missing, what there is, and how to say that it is meant."""
    if not names:
        return "holds no records"
    wanted = {name.casefold() for name in fields.text}
    blank = next((name.strip() for name in names if name.strip().casefold() in wanted), None)
    if blank is not None:
        return f"holds no text in its field {blank!r}"
    shown = [_one_line(_NOT_TEXT.sub("\ufffd", name))[:_LONGEST_NAME] for name in islice(names, _MOST_NAMES)]
    more = ", …" if len(names) > _MOST_NAMES else ""
    suited = [name for name in names if _IN_A_SETTING.fullmatch(name) and name in shown]
    likeliest = max(suited, key=lambda name: names[name], default="NAME")
    return f"has no field {fields.text[0]!r} (it has: {', '.join(shown)}{more}): set QA_FIELDS=text={likeliest}"
