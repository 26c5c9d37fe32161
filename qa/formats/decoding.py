"""Decodes bytes to canonical text: the right encoding, line ends replaced with `\\n`, nothing else changed."""

from __future__ import annotations

import codecs
import re

from . import code_pages
from .remarks import note

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The encodings that articles use. Guessing among all encodings is wrong more often, because rare ones fit too.
_LATIN = ["cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257", "mac_roman"]
_OTHER = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "cp949"]
# The share of non-ASCII bytes among these and the ASCII letters above which a text is not in Latin script.
_FOREIGN_SHARE = 0.4
# Control characters that text does not contain (tab, line feed, vertical tab, form feed and escape are permitted).
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n?")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_SAMPLE = 100_000
_LEADS_TWO = (0xC2, 0xDF)  # the first bytes of UTF-8 characters of two bytes
# How plausible text in a one-byte encoding must be to be chosen: East Asian text in one is rather implausible.
_MIN_PLAUSIBLE, _MIN_PLAUSIBLE_FOREIGN = 0.5, 0.85
_NAMES = (
    ("cp125", "Windows-125"), ("cp", "DOS "), ("iso8859-", "ISO 8859-"), ("mac-", "Macintosh "), ("utf-", "UTF-"),
)  # fmt: skip
_MIN_UTF16 = 4  # bytes; in fewer, the position of zeros proves nothing


class Unreadable(ValueError):
    """The file cannot be parsed; the message is the reason to show ("looks binary", "locked")."""


class Empty(ValueError):
    """The file contains no text; the message is the reason to show ("looks scanned")."""


def decode(data: bytes) -> str:
    """The canonical text of a text file. Raises Unreadable for binary data."""
    text = _LINE_END.sub("\n", _decode(data))
    # One stray control character is tolerated: old programs end a text with one.
    if "\x00" in text or len(_CONTROL.findall(text[:_SAMPLE])) > 1 + 0.003 * min(len(text), _SAMPLE):
        raise Unreadable("looks binary, not text")
    return text


def _decode(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise Unreadable(f"is marked as {encoding.upper()} but is damaged") from error
    if b"\x00" in data[:_SAMPLE]:  # before UTF-8, since UTF-16 of ASCII characters is also valid UTF-8
        wide = _utf16_without_mark(data[:_SAMPLE])
        if wide is None:
            raise Unreadable("looks binary, not text")
        note(f"read as {_shown(wide)}, a guess")
        return data.decode(wide, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    if sum(character > "\x7f" for character in text) > 5 * damaged:
        note(f"read as UTF-8, a guess: {damaged:,} of its bytes {'is' if damaged == 1 else 'are'} not UTF-8")
        return data.decode("utf-8", errors=_STRAY)  # truncated UTF-8, or UTF-8 with pasted bytes
    encoding = _guess(data)
    note(f"read as {_shown(encoding)}, a guess: save it as UTF-8 if letters are wrong")
    return code_pages.decode_mixed(data, encoding)


def _shown(encoding: str) -> str:
    """The name of an encoding as programs show it: `Windows-1252`, `ISO 8859-2`, `DOS 850`."""
    name = encoding.lower().replace("_", "-")
    for start, shown in _NAMES:
        if name.startswith(start):
            return f"{shown}{name.removeprefix(start)}".replace("-be", "BE").replace("-le", "LE")
    return name.upper()


def _stray(error: UnicodeError) -> tuple[str, int]:
    """A byte between ASCII characters is read as cp1252; others are parts of damaged characters."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, start, end = error.object, error.start, error.end
    # At the end, the first byte of two is more likely cut off than pasted.
    is_cut = end == len(data) and _LEADS_TWO[0] <= data[start] <= _LEADS_TWO[1]
    around = data[max(0, start - 1) : start] + data[end : end + 1]
    if end - start == 1 and around.isascii() and not is_cut:
        return data[start:end].decode("cp1252", errors="replace"), end
    return "\ufffd", end


_STRAY = "qa.stray"
codecs.register_error(_STRAY, _stray)


def _guess(data: bytes) -> str:
    """The likeliest one-byte or East Asian encoding, judged by the first part that is not ASCII."""
    first = _NOT_ASCII.search(data)
    begin = max(0, first.start() - 1000) if first else 0
    sample = data[begin : begin + _SAMPLE]
    if begin + _SAMPLE < len(data):
        sample = sample[: sample.rfind(b"\n") + 1] or data[begin:]  # at a line end no character is cut in two
    foreign = len(_NOT_ASCII.findall(sample))
    letters = sum(map(sample.count, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    is_latin = foreign == 1 or foreign < _FOREIGN_SHARE * (foreign + letters)
    encoding, plausible = code_pages.guess(sample)
    if plausible >= (_MIN_PLAUSIBLE if is_latin else _MIN_PLAUSIBLE_FOREIGN):
        return encoding
    from charset_normalizer import from_bytes  # takes as long to import as many files take to read

    matches = from_bytes(sample, threshold=0.3, cp_isolation=[*_LATIN, *_OTHER] if is_latin else _OTHER)
    best = matches.best()
    fits = {name: match for match in matches for name in match.could_be_from_charset}
    west, central = fits.get("cp1252"), fits.get("cp1250")
    if is_latin and west is not None:  # by far the most common: another must be clearly better
        is_central = central is not None and central.chaos <= west.chaos and central.coherence > west.coherence
        return "cp1250" if is_central else "cp1252"
    if best is None:
        raise Unreadable("is in an unknown text encoding: save it as UTF-8")
    return best.encoding


def _utf16_without_mark(sample: bytes) -> str | None:
    """The byte order if the text looks like UTF-16: mostly Latin text has zeros in every second byte only."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if len(sample) < _MIN_UTF16:
        return None
    if odd > 0.4 * len(sample[1::2]) and even == 0:
        return "utf-16-le"
    if even > 0.4 * len(sample[0::2]) and odd == 0:
        return "utf-16-be"
    return None
