"""Makes documents of mails: header fields, text, quotations that repeat no other mail, and attachments."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ..text.document import Contents, Document
from .builder import TextBuilder
from .contained import InnerFile, Parse, Supported, parse_inside
from .decoding import Empty, Unreadable
from .joining import Part, joined
from .plain import parse_plain
from .quotations import Piece, SeenText, pieces_of
from .wrapping import unwrapped

MAX_ATTACHMENTS = 1_000  # of one file
_MAX_DEPTH = 3  # mails and archives inside each other
_MAX_FIELD = 1_000  # characters of a header field
_MAX_NAME = 120
_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\:]+")
_CONTAINER = re.compile(r"\.(?:zip|eml|emlx|mbox|mbx|msg)(?:#\d+)?\Z", re.IGNORECASE)
_QUOTE = re.compile(r"<(/?)blockquote\b[^<>]*>", re.IGNORECASE)
_QUOTE_START, _QUOTE_END = "\ue000", "\ue001"  # of private use: no mail has them
_NAMES = (
    r"(?:from|sent|date|to|cc|subject|von|gesendet|datum|an|betreff|de|envoyé|objet|para|enviado|asunto|da|inviato|oggetto"
    r"|van|verzonden|aan|onderwerp)"
)
# The fields of a quoted mail, which a page has in one paragraph.
_FIELDS_IN_LINE = re.compile(rf"[^:]{{0,60}}\b{_NAMES}\s?: .*?\b{_NAMES}\s?: .*?\b{_NAMES}\s?: ", re.IGNORECASE)
_FIELD_NAME = re.compile(rf"(?<=\S)\s+(?={_NAMES}\s?: )", re.IGNORECASE)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Body:
    """One text of a mail, plain or HTML."""

    text: str
    is_html: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail, or another mail."""

    name: str
    content: bytes | Mail


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail. `fields` are its header fields by name; `author` is the name of its sender, `date` is in ISO form."""

    fields: dict[str, str]
    author: str = ""
    date: str = ""
    bodies: tuple[Body, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    problems: tuple[str, ...] = field(default=())

    @property
    def subject(self) -> str:
        """The subject, or empty."""
        return self.fields.get("Subject", "")


def contents_of_mail(path: str, mail: Mail, parse: Parse, supported: Supported) -> Contents:
    """The mail as a document, and its attachments as documents of their own (`mail.eml/report.pdf`)."""
    return _contents(path, mail, SeenText(), set(), parse, supported)


def contents_of_mailbox(path: str, mails: Sequence[Mail], parse: Parse, supported: Supported) -> Contents:
    """The mails of a mailbox (`archive.mbox#3`), without quotations and signatures that others of them contain."""
    seen = SeenText()
    for mail in mails:
        for body in mail.bodies:
            for piece in _pieces(body):
                if isinstance(piece, Document) or piece.kind == "text":
                    seen.add(piece.text)
    signatures: set[str] = set()
    documents: list[Document] = []
    problems: list[str] = []
    for number, mail in enumerate(mails, start=1):
        contents = _contents(f"{path}#{number}", mail, seen, signatures, parse, supported)
        documents += contents.documents
        problems += (f"message {number}: {problem}" for problem in contents.problems)
    return Contents(tuple(documents), tuple(problems))


def _contents(
    path: str, mail: Mail, seen: SeenText, signatures: set[str], parse: Parse, supported: Supported
) -> Contents:
    document = _document(path, mail, seen, signatures)

    def parse_attachment(inner: str, data: bytes) -> Contents:
        content = mails.get(inner)
        return contents_of_mail(inner, content, parse, supported) if content is not None else parse(inner, data)

    mails: dict[str, Mail] = {}
    files: list[InnerFile] = []
    for label, attachment in _labelled(mail.attachments):
        content = attachment.content
        if isinstance(content, Mail):
            mails[f"{path}/{label}"] = content
        files.append(InnerFile(label, _reader(f"{path}/{label}", content)))

    def readable(label: str) -> bool:
        return f"{path}/{label}" in mails or supported(label)

    inside = parse_inside(path, files, parse_attachment, readable, in_archive=_in_archive(path))
    return Contents((document, *inside.documents), (*mail.problems, *inside.problems))


def _reader(path: str, content: bytes | Mail) -> Callable[[], bytes]:
    def read() -> bytes:
        parents = PurePosixPath(path).parts[:-1]
        if _CONTAINER.search(path) and sum(bool(_CONTAINER.search(part)) for part in parents) >= _MAX_DEPTH:
            raise Unreadable("is nested too deeply to be read")
        return content if isinstance(content, bytes) else b"mail"

    return read


def _in_archive(path: str) -> bool:
    return any(part.lower().endswith(".zip") for part in PurePosixPath(path).parts[:-1])


def _labelled(attachments: Iterable[Attachment]) -> Iterator[tuple[str, Attachment]]:
    """The attachments with safe and unique names."""
    used: set[str] = set()
    for number, attachment in enumerate(attachments, start=1):
        if number > MAX_ATTACHMENTS:
            return
        name = (
            _NOT_IN_NAMES.sub(" ", unicodedata.normalize("NFC", attachment.name)).strip(" .")[-_MAX_NAME:].strip(" .")
        )
        name = name or f"attachment {number}"
        path = PurePosixPath(name)
        while name in used:
            name = f"{path.stem} ({number}){path.suffix}"
        used.add(name)
        yield name, attachment


# --- the document of one mail -----------------------------------------------------------------------------------------


def _document(path: str, mail: Mail, seen: SeenText, signatures: set[str]) -> Document:
    metadata = {"author": mail.author, "date": mail.date}
    metadata |= {name.lower(): _shortened(_clean(mail.fields.get(name, ""))) for name in ("To", "Cc")}
    parts = [Part(_head(mail)), *_body_parts(mail, seen, signatures)]
    title = _clean(mail.subject)
    return joined(path, title, {name: value for name, value in metadata.items() if value}, parts)


def _head(mail: Mail) -> Document:
    """The header fields, a line for each."""
    builder = TextBuilder()
    lines = [f"{name}: {_shortened(value)}" for name in _SHOWN if (value := _clean(mail.fields.get(name, "")))]
    builder.lines(lines)
    return builder.document("")


def _body_parts(mail: Mail, seen: SeenText, signatures: set[str]) -> Iterator[Part]:
    for body in mail.bodies:
        for piece in _pieces(body):
            if isinstance(piece, Document):
                yield Part(piece)
                continue
            if piece.kind == "quotation" and seen.repeats(piece.text):
                continue
            if piece.kind == "signature":
                signature = " ".join(piece.text.split())
                if signature in signatures:
                    continue
                signatures.add(signature)
            yield Part(parse_plain("", unwrapped(piece.text)), _clean(piece.source)[:_MAX_FIELD])


def _pieces(body: Body) -> list[Piece] | list[Document]:
    """The pieces of a text; the whole document of a page that quotes nothing, since a page has more structure."""
    if not body.is_html:
        return pieces_of(_NOT_TEXT.sub("", body.text))
    from .web.page import parse_fragment

    try:
        page = parse_fragment("", _QUOTE.sub(_marked, body.text), "")
    except Empty:
        return []
    pieces = pieces_of(_marked_text(page))
    return pieces if _QUOTE_START in page.text or any(piece.kind != "text" for piece in pieces) else [page]


def _marked(tag: re.Match[str]) -> str:
    return f"<p>{_QUOTE_END if tag[1] else _QUOTE_START}</p>"


def _marked_text(page: Document) -> str:
    """The text of a page with a mark before each line of a quotation, as in a mail that is plain text."""
    depth = 0
    lines: list[str] = []
    for block in page.blocks:
        text = block.span.of(page.text)
        if text in (_QUOTE_START, _QUOTE_END):
            depth = max(0, depth + (1 if text == _QUOTE_START else -1))
            continue
        if _FIELDS_IN_LINE.match(text):
            text = _FIELD_NAME.sub("\n", text)
        mark = ">" * min(depth, _MAX_DEPTH) + " " if depth else ""
        lines += [*(f"{mark}{line}" for line in text.split("\n")), mark.strip()]
    return "\n".join(lines)


def _shortened(value: str) -> str:
    """A header field that is not too long: a list of many addresses ends after an address."""
    if len(value) <= _MAX_FIELD:
        return value
    return (value[:_MAX_FIELD].rpartition(", ")[0] or value[:_MAX_FIELD]) + ", …"


def _clean(text: str) -> str:
    return " ".join(_NOT_TEXT.sub("", text).split())
