"""Reads the text of Outlook mails that is stored as compressed RTF (MS-OXRTFCP), and the HTML in it (MS-OXRTFEX)."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .decoding import Unreadable

_DAMAGED = "is damaged: its RTF cannot be unpacked"
_PACKED, _PLAIN = b"LZFu", b"MELA"
_HEAD = struct.Struct("<II4sI")  # sizes packed and unpacked, kind, checksum
_MAX_SIZE = 20_000_000  # bytes, unpacked
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4_096
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([\r\n]+)|([^\\{}\r\n]+)", re.DOTALL
)
_IS_PAGE, _IS_TEXT = re.compile(rb"\\fromhtml1?\b"), re.compile(rb"\\fromtext\b")
_FONT = re.compile(rb"\{\\f(\d{1,5})\b[^{}]{0,200}?\\fcharset(\d{1,3})")
_CODE_PAGES = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_SKIPPED = (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"mhtmltag", b"listtable")
_SIGNS = {
    b"par": "\n", b"line": "\n", b"tab": "\t", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
    b"bullet": "•", b"endash": "–", b"emdash": "—",
}  # fmt: skip
_ESCAPED = {b"~": "\xa0", b"_": "\xad", b"-": "", b"*": ""}
_MAX_DEPTH = 1_000


def unpacked(data: bytes) -> bytes:
    """The RTF in the property of a mail. Raises Unreadable if it is damaged or larger than 20 MB."""
    if len(data) < _HEAD.size:
        raise Unreadable(_DAMAGED)
    _, size, kind, _ = _HEAD.unpack_from(data)
    if kind == _PLAIN:
        return data[_HEAD.size : _HEAD.size + min(size, _MAX_SIZE)]
    if kind != _PACKED or size > _MAX_SIZE:
        raise Unreadable(_DAMAGED)
    return _inflated(data[_HEAD.size :], size)


def _inflated(data: bytes, size: int) -> bytes:
    """Undo the packing: each flag bit says whether a byte, or a place and a length in the last 4,096 bytes, follows."""
    out = bytearray(_DICTIONARY)
    place = 0
    while place < len(data) and len(out) < size + len(_DICTIONARY):
        flags, place = data[place], place + 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += data[place : place + 1]
                place += 1
            elif place + 2 <= len(data):
                token, place = int.from_bytes(data[place : place + 2], "big"), place + 2
                start, length = token >> 4, (token & 15) + 2
                back = (len(out) - start) % _WINDOW
                if not back:  # the place that is written next: the end
                    return bytes(out[len(_DICTIONARY) : len(_DICTIONARY) + size])
                if back > len(out):
                    raise Unreadable(_DAMAGED)
                for _ in range(length):
                    out.append(out[-back])
            else:
                break
    return bytes(out[len(_DICTIONARY) : len(_DICTIONARY) + size])


def encapsulated(rtf: bytes) -> tuple[str, bool] | None:
    """The text, or the source of a page, that was made RTF, and whether it is a page; None for any other RTF."""
    head = rtf[:2_000]
    is_page = _IS_PAGE.search(head) is not None
    if not is_page and not _IS_TEXT.search(head):
        return None
    return "".join(_written(rtf, is_page)), is_page


# --- tokens -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _State:
    """What holds until the end of a group."""

    is_skipped: bool = False  # whether the group says nothing
    is_tag: bool = False  # whether it is a tag of the page
    is_double: bool = False  # whether it only says in RTF what the page says itself
    encoding: str = "cp1252"
    instead: int = 1  # characters after a character by its number, for programs that do not know it


def _written(rtf: bytes, is_page: bool) -> Iterator[str]:
    """Yield the text of the RTF, piece by piece."""
    fonts = {int(font): _CODE_PAGES.get(int(kind), "") for font, kind in _FONT.findall(rtf)}
    page = re.search(rb"\\ansicpg(\d{1,5})", rtf[:2_000])
    own = _known(f"cp{page[1].decode()}" if page else "cp1252")
    states, state = [_State(encoding=own)], _State(encoding=own)
    raw, high, skip = bytearray(), 0, 0
    for token in _TOKEN.finditer(rtf):
        word, number, byte, sign, brace, _, text = token.groups()
        if byte is not None:
            if skip:
                skip -= 1
            elif not (state.is_skipped or state.is_double):
                raw.append(int(byte, 16))
            continue
        if raw:
            yield raw.decode(own if state.is_tag else state.encoding, "replace")
            raw.clear()
        if brace == b"{":
            states.append(state)
            if len(states) > _MAX_DEPTH:
                raise Unreadable("is nested too deeply to be read")
        elif brace == b"}":
            state = states.pop() if len(states) > 1 else state
        elif word is not None:
            value = int(number or 0)
            if word == b"u" and not (state.is_skipped or state.is_double):
                shown, high = _character(value & 0xFFFF, high)
                skip = state.instead
                yield shown
            elif word in _SIGNS and not (state.is_skipped or state.is_double):
                yield _SIGNS[word]
            else:
                state = _changed(state, word, number, fonts, own)
        elif sign is not None:
            state = replace(state, is_skipped=state.is_skipped or _is_foreign(rtf, token)) if sign == b"*" else state
            if not (state.is_skipped or state.is_double):
                yield _ESCAPED.get(sign, sign.decode("latin-1"))
        elif text is not None and not (state.is_skipped or state.is_double):
            yield text[skip:].decode(own if state.is_tag else state.encoding, "replace")
            skip = max(0, skip - len(text))
    if raw:
        yield raw.decode(state.encoding, "replace")


def _changed(state: _State, word: bytes, number: bytes | None, fonts: dict[int, str], own: str) -> _State:
    """The state after a control word."""
    if word == b"htmltag":
        return replace(state, is_tag=True, is_double=False)
    if word == b"htmlrtf":
        return replace(state, is_double=number != b"0")
    if word == b"f":
        return replace(state, encoding=_known(fonts.get(int(number or 0), "")) if fonts.get(int(number or 0)) else own)
    if word == b"uc":
        return replace(state, instead=min(max(int(number or 1), 0), 10))
    return replace(state, is_skipped=True) if word in _SKIPPED else state


def _is_foreign(rtf: bytes, star: re.Match[bytes]) -> bool:
    """Whether the group that says that it may be ignored is none that is read."""
    return not rtf.startswith(b"\\htmltag", star.end())


def _character(code: int, high: int) -> tuple[str, int]:
    """A character by its number in UTF-16, and the half of a pair that waits for the other."""
    if 0xD800 <= code < 0xDC00:
        return "", code
    if 0xDC00 <= code < 0xE000:
        return (chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)) if high else ""), 0
    return chr(code) if code else "", 0


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "cp1252"
