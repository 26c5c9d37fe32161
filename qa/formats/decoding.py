"""Bytes → canonical text: the right encoding, line ends made `\\n`, nothing else changed.

It knows nothing about what the text says.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Control characters that text does not hold (tab, line feed, form feed, carriage return and escape may stand).
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n?")
_SAMPLE = 200_000


class NotText(ValueError):
    """These bytes are not text in any usual encoding; the message is the reason to show."""


def decode(data: bytes) -> str:
    """The canonical text of a text file. Raises NotText for binary data."""
    text = _LINE_END.sub("\n", _decode(data))
    if "\x00" in text or len(_CONTROL.findall(text[:_SAMPLE])) > 0.003 * min(len(text), _SAMPLE):
        raise NotText("looks binary, not text")
    return text


def _decode(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise NotText(f"is marked as {encoding.upper()} but is damaged") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    sample = data[:_SAMPLE]
    if b"\x00" in sample:
        wide = _utf16_without_mark(sample)
        if wide is None:
            raise NotText("looks binary, not text")
        return data.decode(wide, errors="replace")
    best = from_bytes(sample, threshold=0.3).best()
    if best is None:
        raise NotText("is in no text encoding that could be recognised: save it as UTF-8")
    try:
        return data.decode(best.encoding)
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _utf16_without_mark(sample: bytes) -> str | None:
    """UTF-16 of mostly Latin text has its zeros on one side only."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * len(sample[1::2]) and even == 0:
        return "utf-16-le"
    if even > 0.4 * len(sample[0::2]) and odd == 0:
        return "utf-16-be"
    return None
