"""Bytes of a text file become its text, whichever program saved it."""

from __future__ import annotations

import codecs
import contextlib
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats.decoding import Unreadable, decode

NOTE = "Der Zug fährt um 9.40 Uhr – pünktlich wie immer.\nThe café opens at noon, “or so they say”.\n"
# Every sentence contains letters or marks that ASCII lacks.
SAMPLES = {
    "cp1252": "The baker’s daughter paid €3 for the crème brûlée – a bargain, “frankly”… Naïve? Perhaps.",
    "latin-1": "Le garçon a mangé une pêche à Noël; où est la forêt? Das Mädchen trägt grüne Schuhe.",
    "cp1251": "Поезд отправляется завтра утром. Билеты можно купить в кассе вокзала или у проводника.",
    "koi8-r": "Поезд отправляется завтра утром. Билеты можно купить в кассе вокзала или у проводника.",
    "shift_jis": "電車は明日の朝に出発します。切符は駅の窓口で買うことができます。",
    "gb18030": "火车明天早上出发。车票可以在火车站的窗口购买，也可以在网上预订。",
    "cp1250": "Vlak odjíždí zítra ráno. Jízdenky si můžete koupit na nádraží, nebo u průvodčího.",
}

OLD = {
    "Turkish": (
        ["cp1254", "iso8859_9", "cp857"],
        "Başvuru formunu girişteki kutuya atınız; müdür iki gün içinde yanıt verir. Şimdi yağmur yağıyor.",
    ),
    "Romanian": (
        ["cp1250", "iso8859_2", "cp852"],
        "Trenul pleacă din gară la ora şapte. Călătorii îşi cumpără biletele de la ghişeu; însoţitorul verifică uşile.",
    ),
    "Hungarian": (
        ["cp1250", "iso8859_2", "cp852"],
        "A könyvtár hétfőtől péntekig reggel kilenctől este hétig tart nyitva. Az űrlapot a dobozba kell bedobni.",
    ),
    "Polish": (
        ["cp1250", "iso8859_2", "cp852"],
        "Opłata za każdy dzień zwłoki wynosi dwadzieścia groszy. Źle wypełnione wnioski są odsyłane.",
    ),
    "Czech": (
        ["cp1250", "iso8859_2", "cp852", "mac_latin2"],
        "Knihovna je otevřena od pondělí do pátku. Žádost vhoďte do schránky u vchodu; šéf odpoví do dvou dnů.",
    ),
    "Russian": (
        ["cp1251", "cp866", "koi8_r", "mac_cyrillic"],
        "Библиотека открыта с понедельника по пятницу. Плата за опоздание составляет два рубля в день.",
    ),
    "Greek": (
        ["cp1253", "iso8859_7", "cp737"],
        "Η βιβλιοθήκη είναι ανοιχτή από Δευτέρα έως Παρασκευή. Τα βιβλία δανείζονται για τρεις εβδομάδες.",
    ),
    "French": (
        ["cp1252", "cp850", "mac_roman"],
        "La bibliothèque est ouverte du lundi au vendredi. Les livres sont prêtés, le délai peut être prolongé.",
    ),
    "German": (
        ["cp1252", "cp437", "cp850", "mac_roman"],
        "Die Bücherei ist geöffnet. Größere Änderungen prüft der Geschäftsführer. Die Mühle mahlt täglich.",
    ),
    "Danish": (
        ["cp1252", "cp850", "mac_roman"],
        "Biblioteket er åbent fra mandag til fredag. Bøger udlånes i tre uger, og fristen kan forlænges.",
    ),
}


@pytest.mark.parametrize("encoding", SAMPLES)
@pytest.mark.parametrize("times", [1, 40])
def test_an_old_encoding_is_recognised(encoding: str, times: int) -> None:
    text = (SAMPLES[encoding] + "\n") * times
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_the_byte_order_mark_of_unicode_is_left_out(encoding: str, mark: bytes) -> None:
    assert decode(mark + NOTE.encode(encoding)) == NOTE


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_of_latin_text_is_recognised_without_a_mark(encoding: str) -> None:
    text = "Plain words, saved by an old editor.\nÜber alles other.\n"
    assert decode(text.encode(encoding)) == text


def test_text_that_is_ascii_for_long_before_its_first_accent_is_recognised() -> None:
    text = "Words without any accent at all. " * 8000 + "And then a café."
    assert decode(text.encode("cp1252")) == text


def test_a_sample_that_ends_inside_a_character_does_not_mislead() -> None:
    for shift in range(2):
        text = "a" * shift + SAMPLES["shift_jis"] * 2500
        assert decode(text.encode("shift_jis")) == text


def test_utf8_that_was_cut_off_is_still_utf8() -> None:
    whole = (SAMPLES["shift_jis"] * 20).encode()
    assert decode(whole[:-1]) == whole[:-3].decode() + "\ufffd"


@pytest.mark.parametrize(
    ("pasted", "read"),
    [
        (b"caf\xe9", "café"),
        (b"a caf\xe9 and \x93more\x94", "a café and “more”"),
        (b"cut M\xc3", "cut M\ufffd"),
        ("車".encode()[:2] + b" cut", "\ufffd cut"),
    ],
)
def test_a_byte_pasted_into_utf8_is_read_and_everything_else_kept(pasted: bytes, read: str) -> None:
    text = NOTE * 5
    assert decode(text.encode() + pasted) == text + read


@pytest.mark.parametrize(("language", "encoding"), [(name, each) for name, many in OLD.items() for each in many[0]])
def test_an_encoding_is_recognised_by_the_letters_of_the_language(language: str, encoding: str) -> None:
    text = OLD[language][1]
    assert decode(text.encode(encoding)) == text
    assert decode(text.upper().encode(encoding)) == text.upper()


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
def test_utf8_inside_a_one_byte_file_is_read_as_utf8(encoding: str) -> None:
    lines = ["Die Bücherei öffnet früh.", "Große Änderungen prüft der Geschäftsführer.", "Täglich für süße Brötchen."]
    mixed = b"\n".join(line.encode("utf-8" if number == 1 else encoding) for number, line in enumerate(lines))
    assert decode(mixed) == "\n".join(lines)


def test_capitals_before_a_quotation_mark_are_not_taken_for_utf8() -> None:
    text = "Газета «РОССИЯ» сообщила, что книги выдаются на три недели, и срок можно продлить один раз."
    assert decode(text.encode("cp1251")) == text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_becomes_a_line_feed(end: str) -> None:
    lines = ["one", "", "three", ""]
    assert decode(end.join(lines).encode()) == "\n".join(lines)


def test_mixed_line_ends_keep_the_number_of_lines() -> None:
    assert decode(b"a\r\nb\rc\nd\r\r\ne") == "a\nb\nc\nd\n\ne"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00", id="png"),
        pytest.param(b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00", id="zip"),
        pytest.param(b"words and a NUL\x00 between them", id="nul"),
        pytest.param(b"\x7fELF\x02\x01\x01\x03\x04\x05\x06\x08", id="elf"),
        pytest.param(b"\x01\x02\x03", id="control characters"),
        *(pytest.param(random.Random(seed).randbytes(4096), id=f"random {seed}") for seed in range(5)),
    ],
)
def test_binary_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(Unreadable, match="looks binary"):
        decode(data)


@pytest.mark.parametrize("data", [b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\x00abc"])
def test_a_mark_before_damaged_text_is_named_as_the_reason(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"is marked as UTF-(16|32) but is damaged"):
        decode(data)


@pytest.mark.parametrize(
    "text", ["Ends as old programs do.\x1a", "A soft\x0bline break", "a page\x0canother", "\x1b[1m"]
)
def test_one_stray_control_character_does_not_make_text_binary(text: str) -> None:
    assert decode(text.encode()) == text


def test_nothing_at_all_is_empty_text() -> None:
    assert decode(b"") == ""


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t")))
def test_utf8_text_without_control_characters_is_unchanged(text: str) -> None:
    assert decode(text.encode()) == text.removeprefix("\ufeff")


def _without_nul(text: str) -> str:
    return text.lstrip("\x00")  # after the mark of UTF-16, a NUL makes it that of UTF-32


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200).map(_without_nul),
    st.sampled_from(["utf-8-sig", "utf-16"]),
)
def test_decoded_text_has_no_carriage_return(text: str, encoding: str) -> None:
    try:
        decoded = decode(text.encode(encoding))
    except Unreadable:
        return
    assert decoded == text.replace("\r\n", "\n").replace("\r", "\n")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_either_text_or_refused(data: bytes) -> None:
    try:
        text = decode(data)
    except Unreadable as refusal:
        assert str(refusal)
    else:
        assert "\r" not in text
        assert "\x00" not in text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_of_nothing_but_ascii_is_recognised_without_a_mark(encoding: str) -> None:
    text = "Plain words, which would be UTF-8 too, with a zero after each.\n"
    assert decode(text.encode(encoding)) == text


def test_a_long_run_of_utf8_in_a_line_that_is_none_takes_no_longer_than_any_other() -> None:
    line = ("п" * 5_000).encode() + b"\xff" + b"\xe9 \xfc\t" * 3_000
    started = time.process_time()
    with contextlib.suppress(Unreadable):
        decode(line)
    assert time.process_time() - started < 20
