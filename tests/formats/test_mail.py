"""Mails and mailboxes: fields, texts, quotations, signatures, attachments, encodings."""

from __future__ import annotations

import base64
import io
import textwrap
import time
import zipfile
from datetime import datetime
from email.message import EmailMessage
from email.mime.text import MIMEText

import fuzz
import pytest
from files import make_msg
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.decoding import Unreadable
from qa.formats.quotations import SeenText, pieces_of
from qa.formats.wrapping import reflowed, unwrapped
from qa.text.document import Contents, Document

BOILER = "The boiler in the cellar was replaced on Monday by the firm of Mr Brandt."
PRICE = "It costs 4,300 euros with all the pipes that had to be renewed."
UNSEEN = "Nobody else in the mailbox wrote these words."
ASKS = "Who replaces the boiler, and what will it cost the people in this house?"


def mail(
    body: str = BOILER, *, html: str = "", subject: str = "The boiler", sender: str = "Ada <ada@example.org>"
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "Bo <bo@example.org>", subject
    message["Date"] = "Tue, 3 Sep 2024 10:12:00 +0200"
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def packed(**entries: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return out.getvalue()


def mailbox(*messages: EmailMessage | bytes) -> bytes:
    parts = (each if isinstance(each, bytes) else each.as_bytes() for each in messages)
    return b"".join(b"From ada@example.org Tue Sep  3 10:12:00 2024\n" + part.rstrip() + b"\n\n" for part in parts)


def read(message: EmailMessage | bytes, path: str = "a.eml") -> Contents:
    contents = parse(path, message if isinstance(message, bytes) else message.as_bytes())
    assert [problem for document in contents.documents for problem in fuzz.problems(document)] == []
    return contents


def document(message: EmailMessage | bytes) -> Document:
    return read(message).documents[0]


def below(found: Document, words: str) -> tuple[str, ...]:
    """The headings above the block that contains these words."""
    (section,) = [block.section for block in found.blocks if words in block.span.of(found.text)]
    return found.sections[section].path


# --- one mail ---------------------------------------------------------------------------------------------------------


def test_the_fields_of_a_mail_are_lines_its_subject_is_its_title_and_sender_and_date_are_metadata() -> None:
    found = document(mail(sender="Ada Lovelace <ada@example.org>"))
    assert found.text == (
        "From: Ada Lovelace <ada@example.org>\nTo: Bo <bo@example.org>\nDate: Tue, 03 Sep 2024 10:12:00 +0200\n"
        f"Subject: The boiler\n\n{BOILER}\n\n"
    )
    assert (found.title, found.metadata) == (
        "The boiler",
        {"author": "Ada Lovelace", "date": "2024-09-03", "to": "Bo <bo@example.org>"},
    )
    assert [part.of(found.text) for part in found.blocks[0].parts][3] == "Subject: The boiler"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"=?utf-8?q?Heizung_im_B=C3=BCro?=", "Heizung im Büro"),
        (b"=?iso-8859-1?q?B=FCro?= =?iso-8859-1?q?r=E4ume?=", "Büroräume"),
        (b"=?utf-8?b?SGVpenVuZyBpbSBCw7xybw==?=", "Heizung im Büro"),
        ("Heizung im Büro".encode(), "Heizung im Büro"),
        ("Heizung im Büro".encode("cp1252"), "Heizung im Büro"),
        (b"=?x-unknown?q?B=C3=BCro?=", "Büro"),
        (b"=?utf-8?b?!!!?=", "=?utf-8?b?!!!?="),
        (b"folded\n over two lines", "folded over two lines"),
        (b"=?gb2312?b?xOO6ww==?=", "你好"),
        (b"=?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
    ],
)
def test_the_subject_is_decoded_however_it_is_encoded(raw: bytes, expected: str) -> None:
    assert document(b"From: a@b.org\nSubject: " + raw + b"\n\nWords.\n").title == expected


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-15", "utf-16", "koi8-r", "x-none", ""])
def test_the_text_is_decoded_in_its_encoding(charset: str) -> None:
    text = "Отопление в подвале заменили." if charset == "koi8-r" else "Der Kessel im Keller heizt das Büro."
    data = text.encode(charset if charset not in ("", "x-none") else "utf-8")
    named = f'Content-Type: text/plain; charset="{charset}"\n' if charset else ""
    head = f"From: a@b.org\n{named}Content-Transfer-Encoding: base64\n\n".encode()
    assert document(head + base64.encodebytes(data)).text.rstrip().endswith(text)


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Tue, 99 Foo 2024", "2024-09-03 10:00", "Tue, 3 Sep 2024 10:12 (CEST)"]
)
def test_a_date_that_is_none_is_no_metadata(date: str) -> None:
    found = document(f"From: a@b.org\nDate: {date}\n\nWords.\n".encode())
    assert found.metadata.get("date") in (None, "2024-09-03")


def test_wrapped_and_flowed_paragraphs_become_one_line() -> None:
    wrapped = textwrap.fill(f"{BOILER} {PRICE}", 66)
    assert f"{BOILER} {PRICE}\n" in document(mail(wrapped)).text
    flowed = mail(wrapped.replace("\n", " \n"))
    flowed.set_param("format", "flowed")
    assert f"{BOILER} {PRICE}\n" in document(flowed).text
    assert unwrapped(f"{'x' * 60}\n- an item\n- another\n\nAda\nBo") == f"{'x' * 60}\n- an item\n- another\n\nAda\nBo"
    assert reflowed("> one \n> two\n-- \nAda", delete_space=False) == "> one two\n-- \nAda"


def test_the_plain_text_is_preferred_unless_it_hardly_says_anything() -> None:
    page = f"<p>{BOILER}</p><table><tr><td>boiler</td><td>4,300</td></tr></table><p>{PRICE} {ASKS}</p>"
    assert "| 4,300" not in document(mail(f"{BOILER} {PRICE} {ASKS}", html=page)).text
    found = document(mail("Your program cannot show this.", html=page))
    assert "boiler | 4,300" in found.text
    assert "cannot show" not in found.text


def test_attachments_are_documents_of_their_own() -> None:
    message = mail()
    message.add_attachment(f"# Prices\n\n{PRICE}".encode(), "text", "markdown", filename="prices.md")
    message.add_attachment(b"a", "application", "x-thing", filename="../../thing.bin")
    message.add_attachment(packed(**{"d/notes.md": ASKS}), "application", "zip", filename="notes.zip")
    message.add_attachment(f"# Prices\n\n{BOILER}".encode(), "text", "markdown", filename="prices.md")
    message.add_attachment(mail("Forwarded words.", subject="An older mail"))
    message.add_attachment(b"\x89PNG", "image", "png", filename="logo.png", disposition="inline")
    contents = read(message)
    assert [each.path for each in contents.documents] == [
        "a.eml", "a.eml/prices.md", "a.eml/notes.zip/d/notes.md", "a.eml/prices (4).md", "a.eml/An older mail.eml"
    ]  # fmt: skip
    assert contents.documents[4].metadata["author"] == "Ada"
    assert contents.problems == ("1 .bin file is not read",)


def test_mails_and_archives_inside_each_other_have_a_limit() -> None:
    message = mail("The innermost words.", subject="5")
    for number in range(4, -1, -1):
        outer = mail(f"Words of mail {number}.", subject=str(number))
        outer.add_attachment(message)
        message = outer
    contents = read(message)
    assert [each.title for each in contents.documents] == ["0", "1", "2"]
    assert contents.problems == ("1.eml: 2.eml: 3.eml: is nested too deeply to be read",)
    inner = mail()
    inner.add_attachment(packed(**{"a.md": "Words."}), "application", "zip", filename="a.zip")
    (problem,) = parse("b.zip", packed(**{"a.eml": inner.as_bytes().decode()})).problems
    assert problem == "a.eml: a.zip: is an archive inside an archive: unpack it"


def test_an_encrypted_mail_says_so() -> None:
    contents = read(b"From: a@b.org\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nAAAA\n")
    assert contents.problems == ("its text is encrypted",)


def test_a_mail_of_apple_mail_is_read_without_its_length_and_its_list_of_properties() -> None:
    data = mail().as_bytes()
    (found,) = parse("a.emlx", b"%d  \n" % len(data) + data + b"<?xml version='1.0'?><plist/>").documents
    assert found.text.endswith(f"{BOILER}\n\n")


@pytest.mark.parametrize(
    ("path", "data"), [("a.eml", b"Just words, and no mail."), ("a.eml", b"\x89PNG\r\n"), ("a.mbox", mail().as_bytes())]
)
def test_what_is_no_mail_is_refused(path: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"is damaged: it cannot be opened as (e-mail|mailbox)"):
        parse(path, data)


# --- quotations -------------------------------------------------------------------------------------------------------

FIELDS = "From: Bo\nSent: Monday\nTo: Ada\nSubject: Heat\n"
WROTE = "On Mon, 2 Sep 2024 at 09:00, Bo Bergson <bo@example.org> wrote:"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (f"{WROTE}\n> {ASKS}", WROTE),
        (f"{WROTE.replace(' at ', chr(10) + 'at ')}\n>{ASKS}", WROTE),
        (f"Am 02.09.2024 um 09:00 schrieb Bo:\n\n> {ASKS}", "Am 02.09.2024 um 09:00 schrieb Bo:"),
        (f"Le 2 sept. 2024 à 09:00, Bo a écrit :\n\n> {ASKS}", "Le 2 sept. 2024 à 09:00, Bo a écrit :"),
        (f"Bo wrote:\n> {ASKS}", "Bo wrote:"),
        (f"{WROTE}\n\n{ASKS}", WROTE),
        (f"-----Original Message-----\n{FIELDS}\n{ASKS}", "From: Bo, Sent: Monday, To: Ada, Subject: Heat"),
        (
            f"{'_' * 32}\nVon: Bo\nGesendet: Montag\nAn: Ada\nBetreff: X\n\n{ASKS}",
            "Von: Bo, Gesendet: Montag, An: Ada, Betreff: X",
        ),
        (f"*From:* Bo\n*Sent:* Monday\n*To:* Ada\n\n{ASKS}", "From: Bo, Sent: Monday, To: Ada"),
        (f"---------- Forwarded message ---------\nFrom: Bo\nDate: Monday\n\n{ASKS}", "From: Bo, Date: Monday"),
    ],
)
def test_a_quotation_is_below_the_line_that_says_whose_it_is(text: str, source: str) -> None:
    found = document(mail(f"{BOILER}\n\n{text}"))
    assert below(found, ASKS) == (source,)
    assert below(found, BOILER) == ()


@pytest.mark.parametrize(
    "page",
    [
        f"<div>{WROTE.replace('<', '&lt;')}</div><blockquote><p>{ASKS}</p></blockquote><p>{PRICE}</p>",
        f"<div>{PRICE}</div><div>{FIELDS.strip().replace(chr(10), '<br>')}</div><p>{ASKS}</p>",
    ],
)
def test_quotations_in_pages_are_told_too(page: str) -> None:
    message = MIMEText(f"<div>{BOILER}</div>{page}", "html")
    message["From"] = "a@b.org"
    found = document(message.as_bytes())
    assert below(found, ASKS) in [(WROTE,), ("From: Bo, Sent: Monday, To: Ada, Subject: Heat",)]
    assert below(found, BOILER) == below(found, PRICE) == ()


def test_answers_between_quotations_stay_the_words_of_the_author() -> None:
    found = document(mail(f"{WROTE}\n> {ASKS}\n\n{BOILER}\n\n> And is it warm?\n\nIt is.\n"))
    assert below(found, ASKS) == (WROTE,)
    assert below(found, BOILER) == below(found, "It is.") == ()


def test_a_line_that_only_looks_like_the_start_of_a_quotation_is_kept() -> None:
    for text in ("He wrote:\n\nBees sleep.", "From: the cellar\nthe heat rises.", "1 > 0 is true.\n\nDate: Monday"):
        assert [(piece.kind, piece.text) for piece in pieces_of(text)] == [("text", text)]


def test_quotations_of_quotations_keep_their_own_source() -> None:
    pieces = pieces_of(f"Yes.\n\n{WROTE}\n> {BOILER}\n>\n> On 1 Sep 2024, Cy wrote:\n> > {ASKS}\n")
    assert [(piece.text, piece.source) for piece in pieces] == [
        ("Yes.", ""), (BOILER, WROTE), (ASKS, "On 1 Sep 2024, Cy wrote:")
    ]  # fmt: skip


def test_repetition_is_told_by_runs_of_words() -> None:
    seen = SeenText()
    seen.add(f"{BOILER} {PRICE}")
    assert seen.repeats(BOILER.replace(" ", "\n"))
    assert seen.repeats(f"{BOILER.upper()} {PRICE} Yes.")
    assert not seen.repeats(ASKS)
    assert not seen.repeats("The boiler")


# --- mailboxes --------------------------------------------------------------------------------------------------------


def test_each_mail_of_a_mailbox_is_a_document() -> None:
    second = mail(
        f"{ASKS}\n\n>From here on, words with an escaped line.\n", subject="Costs", sender="Bo <bo@example.org>"
    )
    contents = read(mailbox(mail(), second), "a.mbox")
    assert [(each.path, each.title) for each in contents.documents] == [
        ("a.mbox#1", "The boiler"), ("a.mbox#2", "Costs")
    ]  # fmt: skip
    assert "\nFrom here on" in contents.documents[1].text


@pytest.mark.parametrize("order", [1, -1])
def test_a_quotation_of_another_mail_of_the_mailbox_is_left_out_and_any_other_is_kept(order: int) -> None:
    signature = "\n\n-- \nBo Bergson, 12 Harbour Road\n"
    mails = [
        mail(ASKS + signature, sender="Bo <bo@example.org>"),
        mail(f"{BOILER}\n\n{WROTE}\n> {ASKS[:40]}\n> {ASKS[40:].strip()}\n\n{BOILER}\n\n> {UNSEEN}\n"),
        mail(PRICE + signature, sender="Bo <bo@example.org>"),
    ]
    texts = [each.text for each in read(mailbox(*mails[::order]), "a.mbox").documents][::order]
    assert sum(text.count(ASKS) for text in texts) == 1
    assert sum(text.count("12 Harbour Road") for text in texts) == 1
    assert UNSEEN in texts[1]


def test_a_line_that_begins_with_from_does_not_begin_a_mail() -> None:
    text = "From Monday 10:30 to Friday 2024 the heat was off.\n\nFrom the cellar comes the heat.\n"
    data = mailbox(mail()) + b"From x Tue Sep  3 10:12:00 2024\nSubject: Heat\n\nIt is cold.\n" + text.encode()
    assert len(read(data, "a.mbox").documents) == 2


def test_the_attachments_of_a_mailbox_belong_to_their_mail() -> None:
    message = mail()
    message.add_attachment(b"Words of a note.", "text", "plain", filename="note.txt")
    contents = read(mailbox(mail("First."), message), "a.mbox")
    assert [each.path for each in contents.documents] == ["a.mbox#1", "a.mbox#2", "a.mbox#2/note.txt"]


# --- properties -------------------------------------------------------------------------------------------------------

LINES = st.lists(
    st.sampled_from(
        ["", "> ", ">> x", "-- ", WROTE, "From: a", "Sent: b", "To: c", "-----Original Message-----", BOILER, "a:"]
    )
    | st.text(max_size=20),
    max_size=20,
).map("\n".join)


@given(LINES)
def test_no_word_of_a_text_is_lost_and_none_is_added(text: str) -> None:
    def words(part: str) -> set[str]:
        return set("".join(c if c.isalnum() else " " for c in part).split())

    pieces = pieces_of(text)
    found = set().union(*(words(f"{piece.source} {piece.text}") for piece in pieces))
    assert found <= words(text)
    lost = words(text) - found
    assert lost <= words(f"-----Original Message----- To: c Sent: b From: a {WROTE}")  # of a quotation without text


@pytest.mark.parametrize(
    "line", ["> ", ">", "\n", "a:\n", "wrote wrote:\n> x\n", "-----Original Message-----\n", "On 1 wrote:\n\n"]
)
def test_the_time_for_a_text_grows_with_its_length(line: str) -> None:
    started = time.process_time()
    pieces_of(line * 20_000)
    assert time.process_time() - started < 5


# --- Outlook ----------------------------------------------------------------------------------------------------------

SENT = datetime(2024, 9, 3, 10, 12)
TEXTS = {"0037": "The boiler", "0C1A": "Ada Lovelace", "5D01": "ada@example.org", "0E04": "Bo", "1000": BOILER}


def test_a_mail_of_outlook_is_read_like_any_other() -> None:
    quoting = {
        **TEXTS,
        "1000": f"{BOILER}\r\n\r\n{WROTE}\r\n> {ASKS}\r\n",
        "007D": "Date: Tue, 3 Sep 2024 12:12:00 +0200",
    }
    found = document_of_outlook(make_msg.ole(make_msg.msg(quoting, SENT)))
    assert found.text.startswith(
        "From: Ada Lovelace <ada@example.org>\nTo: Bo\nDate: Tue, 3 Sep 2024 12:12:00 +0200\nSubject: The boiler\n\n"
    )
    assert (found.title, found.metadata) == ("The boiler", {"author": "Ada Lovelace", "date": "2024-09-03", "to": "Bo"})
    assert below(found, ASKS) == (WROTE,)
    page = {**TEXTS, "1000": "", "1013": f"<p>{BOILER}</p><p>{PRICE}</p>"}
    assert document_of_outlook(make_msg.ole(make_msg.msg(page))).text.endswith(f"{BOILER}\n\n{PRICE}\n\n")


def document_of_outlook(data: bytes) -> Document:
    return read(data, "a.msg").documents[0]


def test_attachments_of_outlook_are_documents_of_their_own() -> None:
    inner = make_msg.attached_mail(make_msg.msg({"0037": "Inner", "1000": ASKS}, SENT))
    data = make_msg.ole(make_msg.msg(TEXTS, SENT, make_msg.file("notes.md", b"Words. " * 900), inner))
    contents = read(data, "a.msg")
    assert [each.path for each in contents.documents] == ["a.msg", "a.msg/notes.md", "a.msg/Inner.eml"]
    assert contents.documents[2].metadata == {"date": "2024-09-03"}


def test_a_text_that_is_only_there_as_damaged_rtf_is_a_problem() -> None:
    tree = {**make_msg.msg({**TEXTS, "1000": ""}), "__substg1.0_10090102": b"x" * 30}
    assert read(make_msg.ole(tree), "a.msg").problems == (
        "its text is only there as RTF, which is damaged: its RTF cannot be unpacked",
    )


def test_another_ole_file_is_no_mail() -> None:
    with pytest.raises(Unreadable, match="is damaged: it cannot be opened as Outlook mail"):
        parse("a.msg", make_msg.ole({"Other": b"x" * 5_000}))
