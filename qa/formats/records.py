"""Parses files of records (JSON, JSON Lines, CSV): one Document for each record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ..text.document import Contents, Document
from .articles import Fields, document_of, record_of
from .chats import beside_conversations, conversation_in, conversations_of
from .conversations import document_of as conversation_document
from .decoding import Empty, Unreadable, decode
from .json_values import read_line, read_values
from .keep import is_note, note_of
from .messages import People
from .record_lists import Entry, entries

MAX_RECORDS = 100_000  # of one file: each is a document, and all are in memory
_DELIMITERS = ",;\t|"
_MAX_PROBLEMS = 3  # of single records


def parse_json(path: str, data: bytes, fields: Fields, people: People = MappingProxyType({})) -> Contents:
    """Parse a list of records, an object with lists of records, or an object that is itself a record.

    An export of conversations has a document for each; `people` are the names of those who are only numbers in it.

    The third record becomes `news.json#3`; a single one keeps the file's path. Raises Unreadable if the file
    is not valid JSON, Empty if it contains nothing to read.
    """
    text = decode(data)
    try:
        found = read_values(text)
    except Unreadable:
        if "\n" not in text.strip():
            raise
        try:
            return _parse_lines(path, text, fields)  # JSON Lines files are often called .json
        except (Empty, Unreadable):
            pass
        raise
    values = found.values
    value = values[0] if len(values) == 1 else list(values)
    try:
        contents = _exported(path, value, people, fields) or _contents(path, entries(value, fields), fields)
    except Empty:
        if found.problem:
            raise Unreadable(f"is not JSON: it {found.problem}") from None
        raise
    return replace(contents, problems=(*contents.problems, *filter(None, [found.problem])))


def _exported(path: str, value: Any, people: People, fields: Fields) -> Contents | None:
    """The documents of the conversations in a file, and of what else there is, or of the note; None if it is neither.

    Raises Empty for a note without a text, or in the trash.
    """
    if is_note(value):
        note = note_of(path, value)
        if note is None:
            raise Empty("contains no text" if not value.get("isTrashed") else "is a note in the trash")
        return Contents((note,))
    found = conversations_of(value, path, people)
    named = ((f"{path}#{each.number}" if each.number else path, each.conversation) for each in found[:MAX_RECORDS])
    documents = tuple(document for name, each in named if (document := conversation_document(name, each)) is not None)
    skipped = (f"only its first {MAX_RECORDS} conversations are read: split it",) if len(found) > MAX_RECORDS else ()
    if not documents:
        return None
    others = enumerate(entries(beside_conversations(value), fields), start=len(found) + 1)
    try:
        beside = _contents(path, (replace(entry, number=number) for number, entry in others), fields)
    except Empty:
        beside = Contents(())
    return Contents((*documents, *beside.documents), (*skipped, *beside.problems))


def parse_jsonl(path: str, data: bytes, fields: Fields) -> Contents:
    """Parse one record a line: `news.jsonl#3` is the third line, counting broken lines but not blank ones.

    A broken line is a problem, and the others are read; a file whose records have several lines each is read as JSON.
    Raises as `parse_json` does.
    """
    text = decode(data)
    try:
        return _parse_lines(path, text, fields)
    except Unreadable:
        try:
            values = read_values(text).values
        except Unreadable:
            values = ()
        if not values:
            raise
    return _contents(path, entries(list(values), fields), fields)


def parse_rows(path: str, header: Sequence[str], rows: Iterable[Sequence[str]], fields: Fields) -> Contents:
    """The articles of the rows below a header: the third becomes `news.csv#3`. Raises as `parse_json` does."""
    records = (dict(zip(header, row, strict=False)) for row in rows)
    return _contents(path, (Entry(number, record) for number, record in enumerate(records, start=1)), fields)


def has_text(header: Sequence[str], fields: Fields) -> bool:
    """Whether a row of names contains that of a field whose values are the texts of articles."""
    return bool(record_of(dict.fromkeys(header, "?"), fields).text)


def _parse_lines(path: str, text: str, fields: Fields) -> Contents:
    broken: list[int] = []

    def records() -> Iterator[Entry]:
        lines = ((line_number, line) for line_number, line in enumerate(text.split("\n"), start=1) if line.strip())
        for number, (line_number, line) in enumerate(lines, start=1):
            try:
                yield Entry(number, read_line(line))
            except ValueError:
                broken.append(line_number)

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


def _document(name: str, entry: Entry, fields: Fields) -> tuple[Document | None, list[str]]:
    """The document of a record, which may be a conversation, and what of it is not read."""
    conversation = conversation_in(entry.value, {})
    if conversation is not None:
        return conversation_document(name, conversation), []
    return document_of(name, entry.value, fields, entry.heading)


def _contents(path: str, records: Iterable[Entry], fields: Fields) -> Contents:
    """The documents of numbered records."""
    documents: list[Document] = []
    problems: dict[str, None] = {}
    textless, skipped, total = 0, 0, 0
    for entry in records:
        total += 1
        if len(documents) == MAX_RECORDS:
            skipped += 1
            continue
        name = f"{path}#{entry.number}" if entry.number else path
        document, wrong = _document(name, entry, fields)
        problems.update(dict.fromkeys(wrong))
        if document is None:
            textless += 1
        else:
            documents.append(document)
    if not documents:
        raise Empty("contains no text" if total else "contains no records")
    said = list(problems)[:_MAX_PROBLEMS]
    if textless:
        said.append("1 record contains no text" if textless == 1 else f"{textless} records contain no text")
    if skipped:
        said.append(f"only its first {MAX_RECORDS} articles are read: split it")
    return Contents(tuple(documents), tuple(said))
