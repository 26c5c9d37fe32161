"""Parses subtitles (SubRip, WebVTT): paragraphs of what is said without a pause, each with the time when it begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from ..text.document import Document
from .builder import TextBuilder
from .decoding import Empty, Unreadable

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,:](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-{{1,2}}>\s*{_TIME}")
_HEADER = re.compile(r"\ufeff?WEBVTT\b[ \t-]*([^\n]*)")
_FIELDS = re.compile(r"(?:kind|language|x-timestamp-map)\b", re.IGNORECASE)
_NOT_SAID = ("NOTE", "STYLE", "REGION")
_NUMBER = re.compile(r"\s*\d+\s*")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]{1,100})>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z\d][^<>]{0,200}>|\{\\[^{}]{0,200}\}")
# "JOHN:", "- John: …", "- Hello.": another person speaks.
_SPEAKER = re.compile(r"(?:[-–—]\s*)?(?:[A-ZÄÖÜ][\w.'’ -]{0,30}:\s|>>|[-–—]\s*\S)")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]♪]*\Z")
_PAUSE = 4.0  # seconds without words after which a paragraph ends
_ENOUGH, _LONGEST = 200, 600  # characters after which a paragraph ends with its sentence, or anyway


@dataclass(frozen=True, slots=True)
class _Cue:
    start: float
    end: float
    lines: tuple[str, ...]


def parse_subtitles(path: str, text: str) -> Document:
    """Parse subtitles. Raises Unreadable if there are no times in the text, Empty if nothing is said."""
    header = _HEADER.match(text)
    cues = [*_cues(text)]
    if not cues and header is None:
        raise Unreadable("is damaged: it cannot be opened as subtitles")
    builder = TextBuilder()
    for start, words in _paragraphs(cues):
        builder.paragraph(f"[{_clock(start)}] {words}")
    title = header[1].strip() if header else ""
    document = builder.document(path, "" if _FIELDS.match(title) else title)
    if not document.blocks:
        raise Empty("contains no text")
    return document


def _cues(text: str) -> Iterator[_Cue]:
    """Yield each cue with its lines; one that repeats the line before, as in rolling captions, is dropped."""
    lines = text.split("\n")
    timings = [number for number, line in enumerate(lines) if "->" in line and _TIMING.match(line)]
    last = ""
    for begin, end in zip(timings, [*timings[1:], len(lines)], strict=False):
        timing = _TIMING.match(lines[begin])
        assert timing is not None
        is_last = end == len(lines)
        kept: list[str] = []
        for number, line in enumerate(lines[begin + 1 : end], start=begin + 1):
            if not line.strip():
                continue  # some programs leave blank lines inside a cue
            after_blank = not lines[number - 1].strip()
            if after_blank and line.startswith(_NOT_SAID):
                break
            if number == end - 1 and not is_last and (after_blank or _NUMBER.fullmatch(line)):
                break  # the number or name of the next cue
            said = _said(line)
            if said and said != last:
                kept.append(said)
            last = said or last
        yield _Cue(_seconds(timing.groups()[:4]), _seconds(timing.groups()[4:]), tuple(kept))


def _said(line: str) -> str:
    line = _VOICE.sub(r"\1: ", line)
    return " ".join(unescape(_TAG.sub("", line)).split())


def _paragraphs(cues: list[_Cue]) -> Iterator[tuple[float, str]]:
    """Yield what is said without a pause by one person, with the time at which it begins."""
    start = end = 0.0
    words = ""
    for cue in cues:
        for number, line in enumerate(cue.lines):
            ends = len(words) >= _ENOUGH and bool(_SENTENCE_END.search(words))
            changes = bool(_SPEAKER.match(line)) and not _same_speaker(words, line)
            if words and (changes or ends or len(words) >= _LONGEST or (number == 0 and cue.start - end > _PAUSE)):
                yield start, words
                words = ""
            if not words:
                start = cue.start
                words = line
            else:
                words += " " + (line.partition(": ")[2] if _same_speaker(words, line) else line)
        if cue.lines:
            end = cue.end
    if words:
        yield start, words


def _same_speaker(words: str, line: str) -> bool:
    """Whether the paragraph and the line begin with the same name."""
    name, colon, _ = line.partition(": ")
    return bool(colon) and len(name) <= 100 and words.startswith(f"{name}: ")


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _clock(seconds: float) -> str:
    """`0:01:05`, as players show it."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
