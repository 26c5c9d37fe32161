"""Takes the text of a mail apart: what its author wrote, what it quotes from other mails, and the signature."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

PieceKind = Literal["text", "quotation", "signature"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a mail; `source` is the line that says whose words a quotation is, empty if there is none."""

    kind: PieceKind
    text: str
    source: str = ""


_MARK = re.compile(r"\A[ \t]?>[ \t]?")
_MARKS = re.compile(r"\A[> \t]+")
_MAX_DEPTH = 10  # quotations in quotations that are told apart
_SIGNATURE = re.compile(r"--[ \t]*\Z|_{20,}[ \t]*\Z")
_SEPARATOR = re.compile(
    r"[\s_*-]*(?:-{2,}|_{2,}|\*{2,})\s*(?:original|forwarded|ursprüngliche|weitergeleitete|message|mensaje|messaggio)\b"
    r"[^\n]{0,60}(?:-{2,}|_{2,}|\*{2,})?[\s_*-]*\Z|\s*Begin forwarded message:\s*\Z",
    re.IGNORECASE,
)
# "On Tue, 3 Sep 2024 at 10:12, Ada Lovelace <ada@example.org> wrote:", and in other languages.
_WROTE = re.compile(
    r"[^\n]{0,300}\b(?:wrote|writes|writes the following|said|schrieb|schrieb am|a écrit|escribió|escreveu|ha scritto"
    r"|schreef|skrev|kirjoitti|napisał\(?a?\)?)\b[^\n]{0,120}:\s*\Z",
    re.IGNORECASE,
)
_ON = re.compile(r"(?:on|am|le|el|il|op|den|em|dne|pe|w dniu|в|vào)\b", re.IGNORECASE)
_HAS_DATE = re.compile(r"\d|@")
_WROTE_WITHIN = 3  # lines: such a line is often wrapped
# The first two of the four fields above a mail that Outlook quotes.
_FIELD = re.compile(r"\s*[*_]*(?:from|von|de|da|van|från|fra)[*_]*\s?:[*_]*\s*\S", re.IGNORECASE)
_NEXT_FIELD = re.compile(
    r"\s*[*_]*(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto|inviato|a|oggetto"
    r"|verzonden|aan|onderwerp|skickat|till|ämne)[*_]*\s?:[*_]*\s*\S",
    re.IGNORECASE,
)
_MIN_FIELDS = 2  # below the first
_MAX_FIELD = 200  # characters: a longer one is a list of addresses


def pieces_of(text: str, depth: int = 0) -> list[Piece]:
    """The pieces of a text, in order, without the marks of quotations.

    Text below a line such as "-----Original Message-----" or the fields of a quoted mail is a quotation to the end.
    `depth` counts the mails that quote this text.
    """
    lines = text.split("\n")
    if depth > _MAX_DEPTH:
        return [Piece("quotation", "\n".join(_MARKS.sub("", line) for line in lines))]
    found: list[Piece] = []
    own: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if (fields := _below_fields(lines, number)) is not None:
            return [*found, *_own_pieces(own), *_quoted(fields[0], lines[fields[1] :], depth)]
        if _MARK.match(line):
            end = _end_of_marks(lines, number)
            source = _take_source(own)
            found += [*_own_pieces(own), *_quoted(source, [_MARK.sub("", each) for each in lines[number:end]], depth)]
            own, number = [], end
            continue
        own.append(line)
        number += 1
        if line.rstrip().endswith(":") and (after := _unmarked_after(lines, number)) is not None:
            source = _take_source(own, strict=True)
            if source:
                return [*found, *_own_pieces(own), *_quoted(source, lines[after:], depth)]
    return [*found, *_own_pieces(own)]


def _end_of_marks(lines: list[str], number: int) -> int:
    """The end of the quotation that begins here; blank lines in it may lack their mark."""
    end = number
    while end < len(lines):
        following = end
        while following < len(lines) and not lines[following].strip():
            following += 1
        if following == len(lines) or not _MARK.match(lines[following]):
            break
        end = following + 1
    return end


def _own_pieces(lines: list[str]) -> Iterator[Piece]:
    """The text, and from the signature mark on the signature."""
    end = next((n for n, line in enumerate(lines) if _SIGNATURE.match(line)), len(lines))
    for kind, part in (("text", lines[:end]), ("signature", lines[end + 1 :])):
        text = "\n".join(part).strip("\n")
        if text.strip():
            yield Piece("text" if kind == "text" else "signature", text)


def _quoted(source: str, lines: list[str], depth: int) -> list[Piece]:
    """The pieces of a quotation, which may itself quote another mail."""
    found: list[Piece] = []
    for piece in pieces_of("\n".join(lines), depth + 1):
        named = Piece("quotation", piece.text, piece.source or source)
        if found and found[-1].source == named.source:
            named = Piece("quotation", f"{found.pop().text}\n\n{named.text}", named.source)
        found.append(named)
    return found


def _take_source(own: list[str], strict: bool = False) -> str:
    """Remove the lines at the end that say whose words follow, and return them as one; empty if there are none.

    `strict` asks for a beginning such as "On" and a date or address, because no mark shows that a quotation follows.
    """
    last = next((n for n in range(len(own), 0, -1) if own[n - 1].strip()), 0)
    for count in range(1, min(_WROTE_WITHIN, last) + 1):
        lines = [line.strip() for line in own[last - count : last]]
        source = " ".join(lines)
        if not lines[0] or not _WROTE.match(source):
            break
        if _ON.match(source) and _HAS_DATE.search(source):
            del own[last - count :]
            return source
    if not strict and last and _WROTE.match(own[last - 1]):
        source = own[last - 1].strip()
        del own[last - 1 :]
        return source
    return ""


def _unmarked_after(lines: list[str], number: int) -> int | None:
    """Where the text below a line such as "On 3 September, Ada wrote:" begins, if it has no marks."""
    while number < len(lines) and not lines[number].strip():
        number += 1
    return None if number == len(lines) or _MARK.match(lines[number]) else number


def _below_fields(lines: list[str], number: int) -> tuple[str, int] | None:
    """The source of a quotation that begins with a separator or fields here, and where its text begins."""
    start = number
    separated = bool(_SEPARATOR.match(lines[number]))
    if separated:
        start += 1
        while start < len(lines) and not lines[start].strip():
            start += 1
    end = start
    if end < len(lines) and _FIELD.match(lines[end]):
        end += 1
        while end < len(lines) and _NEXT_FIELD.match(lines[end]):
            end += 1
    if end - start > _MIN_FIELDS or (separated and end > start):
        fields = [" ".join(line.replace("*", "").split()) for line in lines[start:end]]
        return ", ".join(each for each in fields if len(each) <= _MAX_FIELD), end
    return (" ".join(lines[number].strip(" -_*").split()), start) if separated else None


# --- what was read before ---------------------------------------------------------------------------------------------

_WORD = re.compile(r"\w+")
_WINDOW = 4  # words
_MOST_WINDOWS = 3_000_000
_REPEATED = 0.8  # share of the windows of a quotation


class SeenText:
    """The runs of words in the texts of some mails, to tell quotations that repeat them."""

    def __init__(self) -> None:
        self._windows: set[int] = set()

    def add(self, text: str) -> None:
        """Remember a text."""
        if len(self._windows) < _MOST_WINDOWS:
            self._windows.update(_windows(text))

    def repeats(self, text: str) -> bool:
        """Whether nearly all of a text was added before; a text of fewer than four words was not."""
        windows = [*_windows(text)]
        return bool(windows) and sum(each in self._windows for each in windows) >= _REPEATED * len(windows)


def _windows(text: str) -> Iterable[int]:
    words = _WORD.findall(text.casefold())
    return (zlib.crc32(" ".join(words[n : n + _WINDOW]).encode()) for n in range(len(words) - _WINDOW + 1))
