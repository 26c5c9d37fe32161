"""The RTF of Outlook mails: packed, with a page, a text or neither in it."""

from __future__ import annotations

import pytest
from files import make_msg
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.decoding import Unreadable
from qa.formats.rich_text import encapsulated, unpacked

# The two examples of MS-OXRTFCP.
HELLO = "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
OVERLAP = "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0"
HEAD = rb"{\rtf1\ansi\ansicpg1251\fromhtml1 \deff0{\fonttbl {\f0\fswiss Arial;}{\f1\fnil\fcharset161 X;}}"
PAGE = HEAD + b"".join((
    rb"{\*\htmltag64 <p>}\htmlrtf {\f1 \htmlrtf0 \'e1\'e2 It costs 40 \u8364? per {\*\htmltag84 <b>}\htmlrtf {\b ",
    rb"\htmlrtf0 night\htmlrtf }\htmlrtf0{\*\htmltag92 </b>}.\htmlrtf }\htmlrtf0 {\*\mhtmltag64 <p>}",
    rb"{\*\htmltag72 </p>}\par" + b"\r\n" + rb"{\*\htmltag8 &nbsp;}\u-10179?\u-8704? \'e0 end \{x\}}",
))  # fmt: skip
PIECES = (b"{", b"}", b"\\'e4", b"\\u-10179?", b"\\*", b"\\htmltag1 ", b"\\htmlrtf ", b"x", b"\\", b"\\f1 ", b"\\uc9 ")


def mail(rtf: bytes) -> str:
    tree = make_msg.rich(make_msg.msg({"0037": "Prices", "0C1A": "Ada"}), rtf)
    return parse("a.msg", make_msg.ole(tree)).documents[0].text


@pytest.mark.parametrize(
    ("packed", "rtf"),
    [(HELLO, rb"{\rtf1\ansi\ansicpg1252\pard hello world}" + b"\r\n"), (OVERLAP, rb"{\rtf1 WXYZWXYZWXYZWXYZWXYZ}")],
)
def test_the_examples_of_the_specification_are_unpacked(packed: str, rtf: bytes) -> None:
    assert unpacked(bytes.fromhex(packed)) == rtf


@given(st.binary(max_size=400))
def test_what_is_packed_is_unpacked(rtf: bytes) -> None:
    assert unpacked(make_msg.packed_rtf(rtf)) == rtf


@given(st.binary(max_size=200))
def test_damaged_data_are_refused_or_read(data: bytes) -> None:
    for kind in (b"LZFu", b"MELA", b"XXXX"):
        try:
            rtf = unpacked(data[:8].ljust(8, b"\1")[:7] + b"\0" + kind + bytes(4) + data[8:])
        except Unreadable:
            continue
        assert len(rtf) <= 20_000_000


@given(st.lists(st.sampled_from(PIECES)))
def test_any_rtf_is_read(pieces: list[bytes]) -> None:
    assert encapsulated(HEAD + b"".join(pieces)) is not None


def test_a_page_in_rtf_is_that_page() -> None:
    assert encapsulated(PAGE) == (
        "<p>αβ It costs 40 € per <b>night</b>.</p>\n&nbsp;\U0001f600 а end {x}", True,
    )  # fmt: skip


def test_a_mail_whose_text_is_a_page_in_rtf_is_read() -> None:
    assert "αβ It costs 40 € per night." in mail(PAGE)


def test_a_mail_whose_text_is_text_in_rtf_is_read_with_its_quotations() -> None:
    lines = rb"The attic costs 40.\par\par On Monday, Bo wrote:\par > And the cellar\'3f\par }"
    text = mail(rb"{\rtf1\ansi\fromtext {\fonttbl{\f0 Arial;}}{\pict 0a0b}" + lines)
    assert "The attic costs 40." in text
    assert "0a0b" not in text


def test_a_mail_whose_text_is_other_rtf_is_read() -> None:
    assert "The attic costs 40." in mail(rb"{\rtf1\ansi{\b The attic} costs 40.\par}")
