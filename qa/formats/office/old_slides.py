"""Parses binary PowerPoint presentations (97 to 2003): a tree of records, in which atoms hold the texts.

The structures are those of [MS-PPT]. Each slide is a page under its title, followed by its notes and comments.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ...text.document import Document
from ..builder import TextBuilder
from ..decoding import Empty, Unreadable
from ..ole import OleFile, summary
from ..tables import write_table
from .package import comment, is_generated

_KIND = "PowerPoint presentation"
_DAMAGED = f"is damaged: it cannot be opened as {_KIND}"
_ENCRYPTED = 0xF3D1C4DF
_MAX_DEPTH = 40
_MAX_EDITS = 1_000
# The types of records.
_DOCUMENT, _SLIDE_LIST, _SLIDE_PERSIST, _SLIDE_ATOM, _SLIDE_INFO = 0x03E8, 0x0FF0, 0x03F3, 0x03EF, 0x03F9
_USER_EDIT, _DIRECTORY = 0x0FF5, 0x1772
_TEXT_HEADER, _WIDE_TEXT, _NARROW_TEXT, _TEXT_REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
_MARGINS, _STRING, _COMMENT, _COMMENT_ATOM, _TAG = 0x0FD9, 0x0FBA, 0x2EE0, 0x2EE1, 0x138B
_GROUP, _SHAPE, _OPTIONS, _MORE_OPTIONS, _PLACE, _TEXT_BOX = 0xF003, 0xF004, 0xF00B, 0xF122, 0xF00F, 0xF00D
_IS_TABLE = 0x039F  # the number of a property of a group of shapes
_TITLES, _BODIES, _NOTES = (0, 6), (1, 5, 7, 8), 2  # kinds of text
_SLIDES, _NOTE_PAGES = 0, 2  # lists of slides
_FOOTER = 2
_LINES = re.compile("[\r\x0b]")


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    instance: int
    start: int
    end: int


class _Stream:
    """The main stream: records by their offsets."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def number(self, place: int, size: int = 4) -> int:
        if not 0 <= place <= len(self._data) - size:
            raise IndexError(place)
        return int.from_bytes(self._data[place : place + size], "little")

    def bytes(self, record: _Record) -> bytes:
        return self._data[record.start : record.end]

    def record(self, place: int) -> tuple[_Record, bool]:
        """The record at an offset, and whether it contains others."""
        version = self.number(place, 2)
        kind = self.number(place + 2, 2)
        end = min(place + 8 + self.number(place + 4), len(self._data))
        return _Record(kind, version >> 4, place + 8, end), version & 0xF == 0xF or kind == _TAG

    def below(self, record: _Record) -> Iterator[_Record]:
        """The records directly below one."""
        place = record.start
        while place + 8 <= record.end:
            child, _ = self.record(place)
            yield _Record(child.kind, child.instance, child.start, min(child.end, record.end))
            place = child.end

    def all(self, record: _Record, depth: int = 0) -> Iterator[_Record]:
        """All records below one, in order."""
        for child in self.below(record):
            yield child
            if depth < _MAX_DEPTH and self.record(child.start - 8)[1]:
                yield from self.all(child, depth + 1)


@dataclass(frozen=True, slots=True)
class _Text:
    kind: int
    lines: tuple[str, ...]


def parse_old_slides(path: str, data: bytes) -> Document:
    """Parse a binary presentation. Raises Unreadable, or Empty if it contains no text."""
    file = OleFile(data, _KIND)
    user = file.stream("Current User")
    if user[12:16] == struct.pack("<I", _ENCRYPTED) or file.has("EncryptedSummary"):
        raise Unreadable("locked: it needs a password")
    try:
        builder = _Presentation(_Stream(file.stream("PowerPoint Document")), user).written()
    except (IndexError, ValueError, struct.error, RecursionError) as error:
        raise Unreadable(_DAMAGED) from error
    fields = summary(file.properties())
    title = "" if is_generated(fields.get("title", "")) else fields.get("title", "")
    document = builder.document(path, title, {**fields, "title": title} if title else fields)
    if not document.text.strip():
        raise Empty("contains no text")
    return document


class _Presentation:
    """The slides of a presentation, found through the list of where each was saved last."""

    def __init__(self, stream: _Stream, user: bytes) -> None:
        self._stream = stream
        self._places: dict[int, int] = {}
        edit, root, seen = int.from_bytes(user[16:20], "little"), 0, set[int]()
        while edit not in seen and len(seen) < _MAX_EDITS:
            seen.add(edit)
            record, _ = stream.record(edit)
            if record.kind != _USER_EDIT:
                raise ValueError("no edit at its offset")
            root = root or stream.number(record.start + 16)
            self._read_directory(stream.number(record.start + 12))
            edit = stream.number(record.start + 8)
            if not edit:
                break
        self._root = self._saved(root)

    def _read_directory(self, place: int) -> None:
        record, _ = self._stream.record(place)
        at = record.start
        while record.kind == _DIRECTORY and at + 4 <= record.end:
            entry = self._stream.number(at)
            first, count = entry & 0xFFFFF, entry >> 20
            for number in range(count):
                self._places.setdefault(first + number, self._stream.number(at + 4 + 4 * number))
            at += 4 + 4 * count

    def _saved(self, number: int) -> _Record:
        return self._stream.record(self._places.get(number, -1))[0]

    def written(self) -> TextBuilder:
        builder, footers = TextBuilder(), dict[str, None]()
        notes = {key: number for number, key, _ in self._listed(_NOTE_PAGES)}
        for place, (number, _, outline) in enumerate(self._listed(_SLIDES), start=1):
            slide = self._saved(number)
            builder.page()
            self._write_slide(builder, slide, outline, place)
            key = next(
                (self._stream.number(r.start + 16) for r in self._stream.below(slide) if r.kind == _SLIDE_ATOM), 0
            )
            if key in notes:
                texts = [text for text in self._texts(self._saved(notes[key]), []) if text.kind == _NOTES]
                lines = [line for text in texts for line in text.lines]
                for at, line in enumerate(lines):
                    builder.paragraph(line if at else f"Speaker notes: {line}")
            for remark in self._comments(slide):
                builder.paragraph(remark)
            footers.update(dict.fromkeys(self._footers(slide)))
        if footers:
            builder.heading(1, "Footers")
            for footer in footers:
                builder.paragraph(f"Footer: {footer}")
        return builder

    def _listed(self, instance: int) -> Iterator[tuple[int, int, list[_Text]]]:
        """Each slide of a list: the number under which it is saved, its key, and its texts in the outline."""
        found: list[tuple[int, int, list[_Text]]] = []
        kind = 0
        for part in self._stream.below(self._root):
            for record in self._stream.below(part) if (part.kind, part.instance) == (_SLIDE_LIST, instance) else ():
                if record.kind == _SLIDE_PERSIST:
                    found.append((self._stream.number(record.start), self._stream.number(record.start + 12), []))
                elif record.kind == _TEXT_HEADER and found:
                    kind = self._stream.number(record.start)
                    found[-1][2].append(_Text(kind, ()))
                elif record.kind in (_WIDE_TEXT, _NARROW_TEXT) and found and found[-1][2]:
                    found[-1][2][-1] = _Text(kind, self._lines(record))
        return iter(found)

    # --- one slide ---

    def _write_slide(self, builder: TextBuilder, slide: _Record, outline: list[_Text], place: int) -> None:
        texts = [*self._texts(slide, outline)]
        title = next((text for text in texts if text.kind in _TITLES and text.lines), None)
        builder.heading(1, " ".join(title.lines) if title else f"Slide {place}")
        info = next((record for record in self._stream.below(slide) if record.kind == _SLIDE_INFO), None)
        if info is not None and self._stream.number(info.start + 10, 2) & 4:
            builder.paragraph("This slide is hidden.")
        for text in texts:
            if text is title:
                continue
            if text.kind in _BODIES and len(text.lines) > 1:
                builder.items(text.lines)
            else:
                for line in text.lines:
                    builder.paragraph(line)
        for rows in self._tables(slide):
            write_table(builder, rows, None)

    def _texts(self, slide: _Record, outline: list[_Text]) -> Iterator[_Text]:
        """The texts of the shapes, some of which refer to a text of the outline; those in tables are left out."""
        kind, skipped = 4, 0
        for record in self._stream.all(slide):
            if record.start < skipped:
                continue
            if record.kind == _GROUP and self._is_table(record):
                skipped = record.end
            elif record.kind == _TEXT_HEADER:
                kind = self._stream.number(record.start)
            elif record.kind in (_WIDE_TEXT, _NARROW_TEXT):
                yield _Text(kind, self._lines(record))
            elif record.kind == _TEXT_REFERENCE:
                number = self._stream.number(record.start)
                if number < len(outline):
                    yield outline[number]

    def _lines(self, record: _Record) -> tuple[str, ...]:
        data = self._stream.bytes(record)
        wide = record.kind == _WIDE_TEXT
        text = data.decode("utf-16-le", "replace") if wide else data.decode("latin-1")
        return tuple(line for line in (part.strip() for part in _LINES.split(text)) if line)

    def _is_table(self, group: _Record) -> bool:
        """Whether the shapes of a group are the cells of a table."""
        first = next((record for record in self._stream.below(group) if record.kind == _SHAPE), None)
        for record in self._stream.below(first) if first is not None else ():
            if record.kind in (_OPTIONS, _MORE_OPTIONS):
                data = self._stream.bytes(record)[: 6 * record.instance]
                if any(
                    number & 0x3FFF == _IS_TABLE for number, _ in struct.iter_unpack("<HI", data[: len(data) // 6 * 6])
                ):
                    return True
        return False

    def _tables(self, slide: _Record) -> Iterator[list[list[str]]]:
        """The tables: cells with the same upper edge form a row."""
        for group in self._stream.all(slide):
            if group.kind != _GROUP or not self._is_table(group):
                continue
            rows: dict[int, list[tuple[int, str]]] = {}
            for shape in self._stream.below(group):
                parts = {record.kind: record for record in self._stream.below(shape)} if shape.kind == _SHAPE else {}
                place = parts.get(_PLACE)
                if place is not None and _TEXT_BOX in parts and place.end - place.start >= 8:  # others are lines
                    left, top = struct.unpack_from("<2i", self._stream.bytes(place))
                    lines = [line for text in self._texts(shape, []) for line in text.lines]
                    rows.setdefault(top, []).append((left, " ".join(lines)))
            if rows:
                yield [[text for _, text in sorted(row)] for _, row in sorted(rows.items())]

    # --- what belongs to it ---

    def _footers(self, slide: _Record) -> Iterator[str]:
        for part in self._stream.below(slide):
            for record in self._stream.below(part) if part.kind == _MARGINS else ():
                if (record.kind, record.instance) == (_STRING, _FOOTER):
                    yield self._stream.bytes(record).decode("utf-16-le", "replace")

    def _comments(self, slide: _Record) -> Iterator[str]:
        for part in self._stream.all(slide):
            if part.kind == _COMMENT:
                strings, day = {}, ""
                for record in self._stream.below(part):
                    if record.kind == _STRING:
                        strings[record.instance] = self._stream.bytes(record).decode("utf-16-le", "replace")
                    elif record.kind == _COMMENT_ATOM and record.end - record.start >= 12:
                        year, month, _, day_of_month = struct.unpack_from("<4H", self._stream.bytes(record), 4)
                        day = _day(year, month, day_of_month)
                if strings.get(1, "").strip():
                    yield comment(strings[1], strings.get(0, ""), day)


def _day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
